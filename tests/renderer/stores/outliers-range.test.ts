/** @file How many pictures there are of each uniqueness, and those within a range. */
import { describe, expect, it } from 'vitest'
import { histogramOf, rowsWithin } from '../../../src/renderer/stores/outliers-range'

describe('histogramOf', () => {
  it.each([
    { values: [0, 0.25, 0.5, NaN, 1, 1], expected: { least: 0, most: 1, counts: Uint32Array.of(1, 1, 1, 2) } },
    { values: [0.5, 0.5], expected: { least: 0.5, most: 0.5, counts: Uint32Array.of(2, 0, 0, 0) } },
    { values: [NaN], expected: { least: 0, most: 0, counts: new Uint32Array(4) } },
  ])('counts $values by four bars', ({ values, expected }) => {
    expect(histogramOf(Float32Array.from(values), 4)).toEqual(expected)
  })
})

describe('rowsWithin', () => {
  const values = Float32Array.of(0.5, 0.25, 1, 0.5, 0)
  const ranked = Uint32Array.of(2, 0, 3, 1, 4)

  it.each([
    { span: [0, 1] as const, rows: [2, 0, 3, 1, 4] },
    { span: [0.5, 0.5] as const, rows: [0, 3] },
    { span: [0.3, 1] as const, rows: [2, 0, 3] },
    { span: [0.6, 0.9] as const, rows: [] },
    { span: [0, 0.25] as const, rows: [1, 4] },
    { span: [0.9, 0.1] as const, rows: [] },
  ])('gives the rows from $span', ({ span, rows }) => {
    expect([...rowsWithin(ranked, values, span)]).toEqual(rows)
  })
})
