/** @file `dinoscope export`: which files it writes for which name, what it prints, and what it refuses. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exportTo, type ExportOptions } from '../../../src/cli/commands/export'
import { UsageError } from '../../../src/cli/exit-codes'
import { heightByWidth } from '../../../src/cli/options'
import { createTerminal } from '../../../src/cli/terminal'
import { openModelFolder, requireVit } from '../../../src/engine/weights'
import { temporaryFolder } from '../../helpers/folders'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'

interface Ran {
  readonly code: number
  readonly stdout: string
}

async function run(model: string, options: Omit<ExportOptions, 'threads'>, json = false): Promise<Ran> {
  let stdout = ''
  const terminal = createTerminal(json, { write: (text) => (stdout += text) }, { write: () => undefined })
  const code = await exportTo(model, { ...options, threads: 1 }, { terminal, signal: new AbortController().signal, emit: terminal.progress })
  return { code, stdout }
}

it('writes ONNX with its table of differences, and prints the table', async () => {
  const folder = await temporaryFolder()
  await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  const { code, stdout } = await run(join(folder, 'model'), { to: join(folder, 'out', 'small.onnx'), size: [70, 84], workspace: join(folder, 'workspace') })
  const [first = '', ...rows] = stdout.trimEnd().split('\n')
  expect([code, await readdir(join(folder, 'out')), rows.length]).toEqual([0, ['small.onnx', 'small.parity.json'], 2])
  expect(first).toContain('Small model, ViT-32×2/14')
  expect(rows[0]).toMatch(/^astronaut\.jpg +70 × 84 +tokens +\d\.\de-\d +attention +\d\.\de-\d+ +cosine 1\.0000000$/)
})

it('prints one JSON object with the files and the rows', async () => {
  const folder = await temporaryFolder()
  await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  const to = join(folder, 'small.onnx')
  const { stdout } = await run(join(folder, 'model'), { to, size: [28, 28], attention: 'none', workspace: join(folder, 'workspace') }, true)
  expect(JSON.parse(stdout)).toMatchObject({ files: [join(folder, 'small.parity.json'), to], format: 'onnx', model: { name: 'Small model', trained: false }, parity: [{ image: 'astronaut.jpg', height: 28, width: 28, attention: null }, {}] })
})

it('writes safetensors, and a model folder where the name ends in a separator', async () => {
  const folder = await temporaryFolder()
  await writeSmallModel(join(folder, 'model'), smallConfigs.dino)
  const workspace = join(folder, 'workspace')
  const weights = await run(join(folder, 'model'), { to: join(folder, 'small.safetensors'), workspace })
  const copy = await run(join(folder, 'model'), { to: `${join(folder, 'copy')}/`, workspace })
  expect([weights.code, copy.code, await readdir(folder), await readdir(join(folder, 'copy'))]).toEqual([0, 0, ['copy', 'model', 'small.safetensors'], ['model.json', 'model.safetensors']])
  await expect(run(join(folder, 'model'), { to: `${join(folder, 'copy')}/`, workspace })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

it('writes half-precision weights, told with what they change, and refuses them in ONNX', async () => {
  const folder = await temporaryFolder()
  await writeSmallModel(join(folder, 'model'), smallConfigs.dino)
  const workspace = join(folder, 'workspace')
  const copy = await run(join(folder, 'model'), { to: `${join(folder, 'copy')}/`, precision: 'fp16', workspace })
  const { weights, manifest } = requireVit(await openModelFolder(join(folder, 'copy')), 'read')
  expect([copy.code, new Set(Array.from(weights.tensors.values(), ({ dtype }) => dtype)), manifest.description]).toEqual([0, new Set(['float16']), 'Random numbers. Weights rounded to half precision.'])
  expect(copy.stdout.split('\n')[0]).toMatch(/hash checked, weights rounded to half precision and compared with the exact ones on 4 pictures:$/)
  const file = await run(join(folder, 'model'), { to: join(folder, 'out', 'half.safetensors'), precision: 'fp16', workspace }, true)
  expect(JSON.parse(file.stdout)).toMatchObject({ precision: 'fp16', files: [join(folder, 'out', 'half.parity.json'), join(folder, 'out', 'half.safetensors')], parity: [{ height: 224 }, {}, {}, {}] })
})

it.each([{ to: 'model.pth' }, { to: 'model.onnx', precision: 'fp16' as const }, { to: 'model' }, { to: 'model.safetensors', size: [224, 224] as const }, { to: 'model.safetensors', attention: 'all' as const }])('refuses %j as wrong usage', async (options) => {
  await expect(run('dinoscope-mini', options)).rejects.toBeInstanceOf(UsageError)
})

it.each([
  ['224x336', [224, 336]],
  ['224X336', [224, 336]],
  ['96', [96, 96]],
])('reads the size %s', (text, size) => {
  expect(heightByWidth(text)).toEqual(size)
})

it.each(['', 'x', '0x5', '224x', '1e3x5', '224x336x3', '-5'])('refuses the size %j', (text) => {
  expect(() => heightByWidth(text)).toThrow('HEIGHTxWIDTH')
})
