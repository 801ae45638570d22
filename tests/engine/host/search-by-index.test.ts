import { describe, expect, it } from 'vitest'
import { searchByIndex } from '../../../src/engine/host/search-by-index'
import type { VectorTable } from '../../../src/engine/library'

interface FakeIndex {
  readonly table: VectorTable
  /** How many were asked for, each time. */
  readonly asked: number[]
}

/** An index over `found`, which is what it would answer if everything were asked for. */
function fakeIndex(found: readonly { readonly hash: string; readonly cosine: number }[]): FakeIndex {
  const asked: number[] = []
  const unused = (): Promise<never> => Promise.reject(new Error('not asked for here'))
  const nearest: VectorTable['nearest'] = (_vector, _pooling, top, method) => {
    asked.push(top)
    return method === 'index' ? Promise.resolve(found.slice(0, top)) : unused()
  }
  return { asked, table: { hashes: unused, append: unused, verify: unused, read: unused, nearest, buildIndex: unused, indexed: unused } }
}

const query = Float32Array.of(1, 0)
const items = (count: number, name: string): { readonly hash: string; readonly cosine: number }[] => Array.from({ length: count }, (_, index) => ({ hash: `${name}${index}`, cosine: 1 - index / 1000 }))

describe('search by the index', () => {
  it('gives rows of the folder, every copy of a content, and leaves out the examples and pictures of other folders', async () => {
    const { table, asked } = fakeIndex([
      { hash: 'example', cosine: 1 },
      { hash: 'elsewhere', cosine: 0.9 },
      { hash: 'twice', cosine: 0.8 },
      { hash: 'once', cosine: 0.7 },
      { hash: 'far', cosine: 0.1 },
    ])
    const rowsOf = new Map([['example', [0]], ['twice', [5, 2]], ['once', [3]], ['far', [4]]])
    expect(await searchByIndex(table, query, { pooling: 'cls', top: 3, without: new Set([0]), rowsOf })).toEqual({ rows: Uint32Array.of(2, 5, 3), cosines: Float32Array.of(0.8, 0.8, 0.7) })
    expect(asked).toEqual([36])
  })

  it('asks for more until enough of the folder is found', async () => {
    const { table, asked } = fakeIndex([...items(400, 'elsewhere'), ...items(20, 'here')])
    const rowsOf = new Map(Array.from({ length: 20 }, (_, row) => [`here${row}`, [row]]))
    const found = await searchByIndex(table, query, { pooling: 'cls', top: 10, without: new Set(), rowsOf })
    expect([[...found!.rows], asked]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [42, 168, 672]])
  })

  it('gives up where the index ends before enough is found, and where the folder is a small part of the store', async () => {
    const short = fakeIndex(items(30, 'here'))
    const small = fakeIndex(items(10_000, 'elsewhere'))
    const rowsOf = new Map(Array.from({ length: 30 }, (_, row) => [`here${row}`, [row]]))
    const options = { pooling: 'cls', without: new Set<number>(), rowsOf } as const
    expect([await searchByIndex(short.table, query, { ...options, top: 31 }), short.asked, await searchByIndex(small.table, query, { ...options, top: 10 }), small.asked]).toEqual([undefined, [63], undefined, [42, 168, 672, 2688]])
  })
})
