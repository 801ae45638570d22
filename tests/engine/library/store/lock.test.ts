/** @file One writer of a workspace, any number of readers beside it. */
import { hostname } from 'node:os'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../../../../src/engine/library'
import { thrownBy } from '../../../helpers/thrown'
import { hashOf, key, manyVectors } from './support/rows'
import { useScratch, withStore } from './support/scratch'

const scratch = useScratch()

test('a second writer is told who is writing, since when', async () => {
  const folder = scratch('two')
  await withStore(folder, async () => {
    const error = await thrownBy(() => openStore(folder, { mode: 'write' }))
    const detail: unknown = expect.objectContaining({ pid: process.pid, host: hostname(), since: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/) as string })
    expect(error).toMatchObject({ code: 'BUSY', message: expect.stringContaining(String(process.pid)) as string, detail })
  })
})

test('the next writer comes when the first has closed, or has died', async () => {
  const folder = scratch('after')
  await withStore(folder, () => Promise.resolve())
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 - 3, host: hostname(), since: '2026-01-01T00:00:00.000Z', token: 'x' }))
  expect(await withStore(folder, () => Promise.resolve('open'))).toBe('open')
})

test('a reader sees what was written before it asked, while another writes', async () => {
  const folder = scratch('beside')
  await withStore(folder, async (writer) => {
    await (await writer.vectors(key)).append(manyVectors(3))
    await withStore(
      folder,
      async (reader) => {
        expect([...(await (await reader.vectors(key)).hashes())].sort()).toEqual([0, 1, 2].map(hashOf).sort())
        expect(await thrownBy(async () => (await reader.vectors(key)).append(manyVectors(1, 9)))).toMatchObject({ code: expect.any(String) as string })
      },
      'read',
    )
    await (await writer.vectors(key)).append(manyVectors(2, 3))
    expect((await (await writer.vectors(key)).hashes()).size).toBe(5)
  })
})

test('a workspace of a newer version is refused and left as it is', async () => {
  const folder = scratch('newer')
  await mkdir(folder)
  const said = JSON.stringify({ schema: 99 })
  await writeFile(join(folder, 'workspace.json'), said)
  expect(await thrownBy(() => openStore(folder, { mode: 'write' }))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringMatching(/newer/) as string })
  expect(await readFile(join(folder, 'workspace.json'), 'utf8')).toBe(said)
})
