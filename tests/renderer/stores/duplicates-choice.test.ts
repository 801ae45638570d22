/** @file Which copies stay: by the rule, by hand, across grades; and that something always does. */
import { describe, expect, it } from 'vitest'
import type { DuplicateGroup, GroupedPairs, KeepFacts } from '../../../src/engine/display'
import { comparableGroups, foldersOf, judged, noDecisions, pinned, rowsToGo, rowThatStays, savableRows } from '../../../src/renderer/stores/duplicates-choice'

const group = (...rows: readonly number[]): DuplicateGroup => ({ rows: Uint32Array.from(rows), leastSimilarity: 0.95, grade: 1 })
/** Larger rows are larger pictures; even ones lie in a folder of their own. */
const factsOf = (row: number): KeepFacts => ({ pixels: row * 100, sizeBytes: row, relativePath: row % 2 === 0 ? `even/${row}.jpg` : `${row}.jpg` })

describe('rowThatStays', () => {
  it('is what the rule proposes, that of the preferred folder, or the one pinned by hand', () => {
    const inFolder = { ...noDecisions, preferredFolder: 'even' }
    const stays = [noDecisions, inFolder, pinned(inFolder, group(1, 2, 3), 1)].map((decisions) => rowThatStays(decisions, group(1, 2, 3), factsOf))
    expect(stays).toEqual([3, 2, 1])
  })

  it('is the one pinned last where several of a group were', () => {
    const decisions = pinned(pinned(noDecisions, group(1, 2), 1), group(3, 4), 3)
    expect(rowThatStays(decisions, group(1, 2, 3, 4), factsOf)).toBe(3)
  })
})

describe('rowsToGo', () => {
  it('leaves one of each group, none of those that are no duplicates, and on demand only those looked at', () => {
    const groups = [group(0, 1), group(2, 3), group(4, 5)]
    const decisions = judged(judged(noDecisions, groups[0]!, 'distinct'), groups[1]!, 'kept')
    const going = (scope: 'all' | 'reviewed') => [...rowsToGo(decisions, groups, scope, factsOf)]
    expect([going('all'), going('reviewed')]).toEqual([[2, 4], [2]])
  })

  it('judges a group anew when it has grown', () => {
    const decisions = judged(noDecisions, group(0, 1), 'distinct')
    expect([...rowsToGo(decisions, [group(0, 1, 2)], 'all', factsOf)]).toEqual([0, 1])
  })

  it('takes a verdict back', () => {
    const decisions = judged(judged(noDecisions, group(0, 1), 'distinct'), group(0, 1), undefined)
    expect([...rowsToGo(decisions, [group(0, 1)], 'all', factsOf)]).toEqual([0])
  })

  it('never gives up all of a picture, whatever is pinned in one grade after another', () => {
    const [strict, loose] = [group(0, 1), group(0, 1, 2)]
    for (const first of strict.rows)
      for (const second of loose.rows)
        for (const [one, other] of [[strict, loose], [loose, strict]] as const) {
          const pins = [one, other].reduce((decisions, each) => {
            const row = each === strict ? first : second
            return each.rows.includes(row) ? pinned(decisions, each, row) : decisions
          }, noDecisions)
          const gone = new Set([...rowsToGo(pins, [strict], 'all', factsOf), ...rowsToGo(pins, [loose], 'all', factsOf)])
          expect([...loose.rows].filter((row) => !gone.has(row)).length).toBeGreaterThan(0)
        }
  })
})

describe('savableRows', () => {
  /** 0, 1 and 4 the same bytes; 0 and 2 the same picture; 5 and 6 the same bytes. */
  const pairs: GroupedPairs = { left: Uint32Array.of(0, 0, 0, 5), right: Uint32Array.of(1, 4, 2, 6), similarity: Float32Array.of(1, 1, 0.98, 1), grade: Uint8Array.of(0, 0, 1, 0) }

  it.each([
    { going: [1, 2, 4], savable: [2], why: 'a copy whose bytes stay elsewhere' },
    { going: [0, 1, 4], savable: [0, 1, 4], why: 'nothing, where all with the same bytes go' },
    { going: [0, 1, 6], savable: [], why: 'the first of its bytes too, where another copy stays' },
    { going: [3], savable: [3], why: 'nothing of a picture that is there once' },
  ])('leaves out $why', ({ going, savable }) => {
    expect([...savableRows(Uint32Array.from(going), pairs)]).toEqual(savable)
  })
})

describe('comparableGroups', () => {
  it('drops what is gone or has changed, and groups of which one is left', () => {
    const present = comparableGroups([group(0, 1), group(2, 3, 4), group(5, 6)], (row) => row !== 1 && row !== 3)
    expect(present.map(({ rows }) => [...rows])).toEqual([[2, 4], [5, 6]])
  })
})

describe('foldersOf', () => {
  it('counts folders with those above them, the fullest first, without the top', () => {
    expect(foldersOf(['a/b/1.jpg', 'a/2.jpg', 'c/3.jpg', '4.jpg', 'c/d/5.jpg', 'a/b/6.jpg'], 4)).toEqual([
      { folder: 'a', pictures: 3 },
      { folder: 'a/b', pictures: 2 },
      { folder: 'c', pictures: 2 },
      { folder: 'c/d', pictures: 1 },
    ])
  })
})
