/** @file Changes of a mask are the rows that turn over, and take themselves back. */
import { describe, expect, it } from 'vitest'
import {
  chosenRows,
  historyAfter,
  maskOf,
  noHistory,
  stepBack,
  stepForward,
  turnOver,
  turnsToMark,
  turnsToSet,
} from '../../../src/renderer/stores/selection-mask'

const rowsOf = (mask: Uint8Array): number[] => [...chosenRows(mask, mask.length)]

describe('a selection mask', () => {
  it('is made of rows and gives them back in order, without rows that are not there', () => {
    expect(rowsOf(maskOf([4, 1, 1, 9], 6))).toEqual([1, 4])
  })

  it.each([
    ['set', turnsToSet(maskOf([0, 2], 5), [2, 3, 7]), [0, 3], [2, 3]],
    ['add', turnsToMark(maskOf([0, 2], 5), [2, 3, 3, 9], 1), [3], [0, 2, 3]],
    ['take', turnsToMark(maskOf([0, 2], 5), [2, 3, 9], 0), [2], [0]],
  ])('turns over only what differs: %s', (_name, turns, expectedTurns, expectedRows) => {
    const mask = maskOf([0, 2], 5)
    const change = turnOver(mask, turns)
    expect([[...turns], rowsOf(mask), change]).toEqual([expectedTurns, expectedRows, expectedRows.length - 2])
  })

  it('is as before when a change is made twice', () => {
    const mask = maskOf([1, 3], 6)
    const turns = turnsToSet(mask, [0, 1, 5])
    expect(turnOver(mask, turns) + turnOver(mask, turns)).toBe(0)
    expect(rowsOf(mask)).toEqual([1, 3])
  })
})

describe('the history of a selection', () => {
  const a = Uint32Array.of(1)
  const b = Uint32Array.of(2)

  it('goes back and forward through the same changes', () => {
    const twice = historyAfter(historyAfter(noHistory, a), b)
    const back = stepBack(twice)
    expect(back).toEqual({ turns: b, history: { past: [a], future: [b] } })
    expect(back && stepForward(back.history)).toEqual({ turns: b, history: twice })
    expect([stepBack(noHistory), stepForward(twice)]).toEqual([undefined, undefined])
  })

  it('forgets what was taken back when something else is done', () => {
    const back = stepBack(historyAfter(noHistory, a))
    expect(back && historyAfter(back.history, b)).toEqual({ past: [b], future: [] })
  })

  it('keeps the last hundred changes', () => {
    const long = Array.from({ length: 130 }, (_, row) => Uint32Array.of(row)).reduce(historyAfter, noHistory)
    expect([long.past.length, long.past[0]?.[0]]).toEqual([100, 30])
  })
})
