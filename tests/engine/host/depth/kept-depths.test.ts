/** @file Depths on the disk: what older workspaces have is brought over once, and what is added meanwhile is saved some at a time. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ContentRows } from '../../../../src/engine/host/depth/content-rows'
import { createKeptDepths } from '../../../../src/engine/host/depth/kept-depths'
import { savingRows } from '../../../../src/engine/host/depth/save-rows'
import { temporaryFolder } from '../../../helpers/folders'

const hash = 'ab'.repeat(32)

async function all(rows: ContentRows): Promise<[string, number[]][]> {
  const found: [string, number[]][] = []
  for await (const [of, row] of rows.scan()) found.push([of, [...row]])
  return found
}

it('brings over the numbers of an older workspace, once, and adds to them', async () => {
  const root = await temporaryFolder()
  await writeFile(join(root, 'old.json'), JSON.stringify({ version: 1, numbers: { [hash]: [2.5, 1, 4] } }))
  const depths = createKeptDepths(root)
  const [rows, same] = await Promise.all([depths.numbers('old'), depths.numbers('old')])
  expect(rows).toBe(same)
  expect(await readdir(root)).toEqual(['old.numbers'])
  await rows.append(new Map([['cd'.repeat(32), Float32Array.of(1, 1, 1)]]))
  expect(await all(await createKeptDepths(root).numbers('old'))).toEqual([[hash, [2.5, 1, 4]], ['cd'.repeat(32), [1, 1, 1]]])
})

it('counts a damaged older file as none', async () => {
  const root = await temporaryFolder()
  await writeFile(join(root, 'old.json'), '{"version":1,"numbers":{')
  expect(await all(await createKeptDepths(root).numbers('old'))).toEqual([])
})

it('keeps the patches of a head beside its numbers', async () => {
  const depths = createKeptDepths(await temporaryFolder())
  await depths.patches('a', 2).append(new Map([[hash, Float32Array.of(1, 2)]]))
  expect([await all(depths.patches('a', 2)), await all(await depths.numbers('a'))]).toEqual([[[hash, [1, 2]]], []])
})

it('saves what was given when the work fails, and some at a time before', async () => {
  const saved: number[] = []
  const rows: ContentRows = {
    scan: async function* () {},
    append: (added) => {
      saved.push(added.size)
      return Promise.resolve()
    },
  }
  const failing = savingRows(rows, async (keep) => {
    for (let index = 0; index < 150; index++) await keep(index.toString(16).padStart(64, '0'), Float32Array.of(index))
    throw new Error('broken off')
  })
  await expect(failing).rejects.toThrow('broken off')
  expect(saved).toEqual([64, 64, 22])
})
