import { describe, expect, it } from 'vitest'
import { createPatchChunks, type PatchRequest } from '../../../src/engine/host/patch-chunks'
import type { PatchBasis, PatchTable, StoredPatches } from '../../../src/engine/library'

const basis: PatchBasis = { dim: 2, dims: 2, mean: new Float32Array(2), axes: Float32Array.of(1, 0, 0, 1), explained: 1 }

interface FakeTable {
  readonly table: PatchTable
  /** Hashes of each scan. */
  readonly scans: string[][]
}

/** Pictures of one patch each. Reading fails at one; another is damaged and never given. */
function fakeTable(failing?: string, damaged?: string): FakeTable {
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
          if (hash === failing) throw new Error('the disk')
          if (hash !== damaged) yield [picture]
        }
      },
    },
  }
}

const request = (table: PatchTable, hashes: string): PatchRequest => ({ table, basis, hashes: new Set(hashes) })

async function read(chunks: ReturnType<typeof createPatchChunks>, asked: PatchRequest): Promise<string> {
  const found: string[] = []
  for await (const { pictures } of chunks.read(asked)) found.push(...pictures.map(({ hash }) => hash))
  return found.sort().join('')
}

describe('patch tokens of a folder', () => {
  it('are read once, what is embedded later beside them, and anew for other pictures or another model', async () => {
    const [one, other] = [fakeTable(), fakeTable()]
    const chunks = createPatchChunks()
    const found = []
    for (const asked of [request(one.table, 'abc'), request(one.table, 'cba'), request(one.table, 'abcd'), request(one.table, 'abe'), request(other.table, 'abe')]) found.push(await read(chunks, asked))
    expect(found).toEqual(['abc', 'abc', 'abcd', 'abe', 'abe'])
    expect([one, other].map(({ scans }) => scans.map((hashes) => hashes.join('')))).toEqual([['abc', 'd', 'abe'], ['abe']])
  })

  it('are read ahead of a search that is likely, which then waits for no more', async () => {
    const { table, scans } = fakeTable()
    const chunks = createPatchChunks()
    chunks.warm(request(table, 'abc'))
    expect([await read(chunks, request(table, 'abc')), scans.length]).toEqual(['abc', 1])
  })

  it('are read from the store each time where there is no room, and only those', async () => {
    const { table, scans } = fakeTable()
    // A chunk of one patch takes 8 + 2 + 4 bytes.
    const chunks = createPatchChunks(30)
    expect([await read(chunks, request(table, 'abcd')), await read(chunks, request(table, 'abcd'))]).toEqual(['abcd', 'abcd'])
    expect(scans.map((hashes) => hashes.join(''))).toEqual(['abcd', 'cd', 'cd'])
  })

  it('are given as far as they are whole, and those read before a failure are kept', async () => {
    const { table, scans } = fakeTable('c')
    const chunks = createPatchChunks()
    await expect(read(chunks, request(table, 'abcd'))).rejects.toThrow('the disk')
    await expect(read(chunks, request(table, 'abcd'))).rejects.toThrow('the disk')
    expect([await read(chunks, request(table, 'ab')), scans.map((hashes) => hashes.join(''))]).toEqual(['ab', ['abcd', 'cd']])
    const damaged = fakeTable(undefined, 'b')
    expect(await read(chunks, request(damaged.table, 'abc'))).toBe('ac')
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
