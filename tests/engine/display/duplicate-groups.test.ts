import { describe, expect, it } from 'vitest'
import { createUnionFind, groupDuplicates, rowToKeep, type GroupedPairs, type KeepFacts } from '../../../src/engine/display'

type Pair = readonly [left: number, right: number, similarity: number, grade: number]

const pairsOf = (pairs: readonly Pair[]): GroupedPairs => ({
  left: Uint32Array.from(pairs, ([left]) => left),
  right: Uint32Array.from(pairs, ([, right]) => right),
  similarity: Float32Array.from(pairs, ([, , similarity]) => similarity),
  grade: Uint8Array.from(pairs, ([, , , grade]) => grade),
})

const pairs = pairsOf([
  [3, 9, 1, 0],
  [3, 7, 0.5, 1],
  [20, 21, 0.9375, 1],
  [7, 20, 0.75, 2],
  [40, 41, 0.5, 2],
])

const shown = (grades: readonly number[], threshold: number) => groupDuplicates(pairs, grades, threshold).map(({ rows, ...rest }) => ({ rows: [...rows], ...rest }))

describe('groups of duplicates', () => {
  it('are what hangs together by pairs of the wanted grades', () => {
    expect(shown([0], 0.9)).toEqual([{ rows: [3, 9], leastSimilarity: 1, grade: 0 }])
    expect(shown([0, 1], 0.9)).toEqual([
      { rows: [3, 7, 9], leastSimilarity: 0.5, grade: 1 },
      { rows: [20, 21], leastSimilarity: 0.9375, grade: 1 },
    ])
  })

  it('join and fall apart with the threshold, which is for similar scenes alone', () => {
    expect(shown([0, 1, 2], 0.75)).toEqual([{ rows: [3, 7, 9, 20, 21], leastSimilarity: 0.5, grade: 2 }])
    expect(shown([2], 0.5)).toEqual([
      { rows: [7, 20], leastSimilarity: 0.75, grade: 2 },
      { rows: [40, 41], leastSimilarity: 0.5, grade: 2 },
    ])
    expect(shown([2], 0.8)).toEqual([])
  })
})

describe('the one of a group to keep', () => {
  const facts: readonly KeepFacts[] = [
    { pixels: 100, sizeBytes: 900, relativePath: 'keep/a.jpg' },
    { pixels: 400, sizeBytes: 500, relativePath: 'b/copy of it.jpg' },
    { pixels: 400, sizeBytes: 600, relativePath: 'b/copy of it (2).jpg' },
    { pixels: 400, sizeBytes: 600, relativePath: 'b/c.jpg' },
    { pixels: 400, sizeBytes: 600, relativePath: 'b/d.jpg' },
    { pixels: 9, sizeBytes: 9, relativePath: 'keeper/e.jpg' },
  ]
  const keep = (rows: readonly number[], preferred?: string): number => rowToKeep(Uint32Array.from(rows), (row) => facts[row]!, preferred)

  it.each([
    ['the larger picture', [0, 1], 1],
    ['then the larger file', [1, 2], 2],
    ['then the shorter path', [2, 3], 3],
    ['then the first', [3, 4], 3],
    ['whatever the order', [4, 3, 2, 1, 0], 3],
  ] as const)('is %s', (_, rows, expected) => {
    expect(keep(rows)).toBe(expected)
  })

  it('is in the preferred folder where one is, which is not any folder that begins like it', () => {
    expect([keep([0, 1, 5], 'keep'), keep([1, 5], 'keep'), keep([0, 1, 5], ''), keep([0], 'b')]).toEqual([0, 1, 1, 0])
  })
})

describe('union-find', () => {
  it('names a group by its smallest member', () => {
    const sets = createUnionFind(6)
    expect([sets.join(5, 3), sets.join(3, 1), sets.join(1, 5), sets.join(0, 2)]).toEqual([true, true, false, true])
    expect(Array.from({ length: 6 }, (_, item) => sets.find(item))).toEqual([0, 1, 0, 1, 4, 1])
  })
})
