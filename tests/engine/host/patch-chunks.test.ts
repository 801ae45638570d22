import { describe, expect, it } from 'vitest'
import { createPatchChunks, type PatchRequest } from '../../../src/engine/host/patch-chunks'
import type { PatchBasis, PatchTable, StoredPatches } from '../../../src/engine/library'

const basis: PatchBasis = { dim: 2, dims: 2, mean: new Float32Array(2), axes: Float32Array.of(1, 0, 0, 1), explained: 1 }
const { signal } = new AbortController()

interface FakeTable {
  readonly table: PatchTable
  /** Hashes of each scan. */
  readonly scans: string[][]
}

/** Pictures of one patch each; those named in `damaged` are never given. */
function fakeTable(damaged: readonly string[] = []): FakeTable {
  const scans: string[][] = []
  const unused = (): Promise<never> => Promise.reject(new Error('not asked for here'))
  return {
    scans,
    table: {
      hashes: unused,
      basis: unused,
      setBasis: unused,
      append: unused,
      scan: async function* (hashes) {
        scans.push([...hashes].sort())
        for (const hash of hashes) {
          await Promise.resolve()
          const picture: StoredPatches = { hash, gridHeight: 1, gridWidth: 1, codes: Int8Array.of(1, 2), scale: 1 }
          if (!damaged.includes(hash)) yield [picture]
        }
      },
    },
  }
}

const request = (table: PatchTable, hashes: string, stored = 9): PatchRequest => ({ table, basis, hashes: new Set(hashes), stored })

async function read(chunks: ReturnType<typeof createPatchChunks>, asked: PatchRequest): Promise<string> {
  const found: string[] = []
  for await (const { pictures } of chunks.read(asked, signal)) found.push(...pictures.map(({ hash }) => hash))
  return found.sort().join('')
}

describe('patch tokens of a folder', () => {
  it('are read once, and again when other pictures are asked for or more are stored', async () => {
    const { table, scans } = fakeTable()
    const chunks = createPatchChunks()
    expect([await read(chunks, request(table, 'abc')), await read(chunks, request(table, 'cba')), await read(chunks, request(table, 'abd')), await read(chunks, request(table, 'abd', 10))]).toEqual(['abc', 'abc', 'abd', 'abd'])
    expect(scans.map((hashes) => hashes.join(''))).toEqual(['abc', 'abd', 'abd'])
  })

  it('are read from the store each time where there is no room, and only those', async () => {
    const { table, scans } = fakeTable()
    // A chunk of one patch takes 8 + 2 + 4 bytes.
    const chunks = createPatchChunks(30)
    expect([await read(chunks, request(table, 'abcd')), await read(chunks, request(table, 'abcd'))]).toEqual(['abcd', 'abcd'])
    expect(scans.map((hashes) => hashes.join(''))).toEqual(['abcd', 'cd'])
  })

  it('are not looked for again when they were damaged', async () => {
    const { table, scans } = fakeTable(['b'])
    const chunks = createPatchChunks()
    expect([await read(chunks, request(table, 'abc')), await read(chunks, request(table, 'abc')), scans.length]).toEqual(['ac', 'ac', 1])
  })

  it('are not taken for whole after a search that broke off', async () => {
    const { table, scans } = fakeTable()
    const chunks = createPatchChunks()
    for await (const chunk of chunks.read(request(table, 'abc'), signal)) if (chunk.pictures.length > 0) break
    expect([await read(chunks, request(table, 'abc')), scans.length]).toEqual(['abc', 2])
  })

  it('let one search after the other through, past one that failed', async () => {
    const chunks = createPatchChunks()
    const order: string[] = []
    const slow = chunks.inTurn(async () => {
      await new Promise(setImmediate)
      order.push('first')
      throw new Error('no')
    })
    const second = chunks.inTurn(() => Promise.resolve(order.push('second')))
    await expect(slow).rejects.toThrow('no')
    await second
    expect(order).toEqual(['first', 'second'])
  })
})
