import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EngineError } from '../../../../src/engine/contract'
import { stageBeside } from '../../../../src/engine/export/model/staging'
import { temporaryFolder } from '../../../helpers/folders'

it('moves the named files beside the path, replacing what was there, and leaves nothing else', async () => {
  const folder = await temporaryFolder({ 'x.onnx': 'old' })
  const files = await stageBeside(join(folder, 'x.onnx'), async (staging) => {
    for (const name of ['x.onnx', 'x.parity.json', 'scratch']) await writeFile(join(staging, name), 'new')
    return ['x.parity.json', 'x.onnx']
  })
  expect([files, await readdir(folder), await readFile(join(folder, 'x.onnx'), 'utf8')]).toEqual([[join(folder, 'x.parity.json'), join(folder, 'x.onnx')], ['x.onnx', 'x.parity.json'], 'new'])
})

it('tells of the file that was asked for when the disk refuses', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'x.onnx')
  const work = stageBeside(path, (staging) => Promise.reject(new EngineError('DISK', `${join(staging, 'x.onnx')} cannot be written: ENOSPC`, { detail: { path: join(staging, 'x.onnx') } })))
  await expect(work).rejects.toMatchObject({ code: 'DISK', message: `${path} cannot be written: ENOSPC`, detail: { path } })
  expect(await readdir(folder)).toEqual([])
})

it('clears away what a killed export to the same name left days ago, and nothing younger or of others', async () => {
  const folder = await temporaryFolder()
  const names = ['.x.onnx.1a2b3c4d.dinoscope-partial', '.x.onnx.5e6f7a8b.dinoscope-partial', '.y.onnx.1a2b3c4d.dinoscope-partial']
  for (const name of names) await mkdir(join(folder, name))
  const longAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
  for (const name of [names[0]!, names[2]!]) await utimes(join(folder, name), longAgo, longAgo)
  await stageBeside(join(folder, 'x.onnx'), () => Promise.resolve([]))
  expect((await readdir(folder)).sort()).toEqual([names[1], names[2]])
})
