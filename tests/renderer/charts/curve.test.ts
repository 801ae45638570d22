/** @file From columns to curves: smoothing that starts at the first value, zoom, and thinning that keeps spikes. */
import { describe, expect, it } from 'vitest'
import { curvesOf, latestOf, rowsInSight, smoothed, thinned, valueAt } from '../../../src/renderer/charts/curve'

const steps = Float64Array.from({ length: 10 }, (_, index) => index + 1)

describe('smoothed', () => {
  it('keeps a constant and begins at the first value', () => {
    expect([...smoothed(Float64Array.of(4, 4, 4), 0.9)].map((value) => value.toFixed(9))).toEqual(['4.000000000', '4.000000000', '4.000000000'])
    expect([...smoothed(Float64Array.of(2, 4), 0.5)]).toEqual([2, (0.25 * 2 + 0.5 * 4) / 0.75])
  })

  it('lets gaps be gaps and goes on behind them', () => {
    expect([...smoothed(Float64Array.of(NaN, 2, NaN, 4), 0.5)]).toEqual([NaN, 2, NaN, (0.25 * 2 + 0.5 * 4) / 0.75])
  })

  it('is the values themselves without a weight', () => {
    const values = Float64Array.of(1, 2)
    expect(smoothed(values, 0)).toBe(values)
  })
})

describe('rowsInSight', () => {
  it('is everything without a range and one more row at either side within one', () => {
    expect([rowsInSight(steps, undefined), rowsInSight(steps, { from: 3, to: 5 }), rowsInSight(steps, { from: 3.5, to: 4.5 }), rowsInSight(steps, { from: -5, to: 99 })]).toEqual([
      [0, 10],
      [1, 5],
      [2, 5],
      [0, 10],
    ])
  })
})

describe('thinned', () => {
  it('leaves short curves alone, with null for gaps', () => {
    expect(thinned(Float64Array.of(1, 2), [Float64Array.of(NaN, 5)], [0, 2], 10)).toEqual({ steps: [1, 2], curves: [[null, 5]] })
  })

  it('keeps every spike of a long curve in the order it came', () => {
    const long = Float64Array.from({ length: 10_000 }, (_, index) => index)
    const values = Float64Array.from(long, (index) => (index === 7777 ? 99 : index === 1234 ? -99 : 0))
    const { steps: kept, curves } = thinned(long, [values], [0, 10_000], 200)
    const curve = curves[0] ?? []
    expect([kept.length, curve.length, Math.max(...curve.map(Number)), Math.min(...curve.map(Number))]).toEqual([200, 200, 99, -99])
    expect([...kept].sort((a, b) => a - b)).toEqual(kept)
  })

  it('gives a bucket without values no points', () => {
    expect(thinned(steps, [Float64Array.from(steps, (step) => (step > 5 ? step : NaN))], [0, 10], 4).curves).toEqual([[null, null, 6, 10]])
  })
})

describe('curvesOf', () => {
  it('has an empty curve for a column the run does not have', () => {
    const series = { steps: Float64Array.of(1, 2), columns: { loss: Float64Array.of(3, 2) } }
    expect(curvesOf(series, ['loss', 'knn'], { smoothing: 0, range: undefined, limit: 100 })).toEqual({ steps: [1, 2], curves: [[3, 2], [null, null]] })
  })

  it('smooths before it cuts, so that zooming does not change a curve', () => {
    const series = { steps, columns: { loss: Float64Array.from(steps, (step) => step % 3) } }
    const whole = curvesOf(series, ['loss'], { smoothing: 0.8, range: undefined, limit: 100 }).curves[0] ?? []
    expect(curvesOf(series, ['loss'], { smoothing: 0.8, range: { from: 6, to: 8 }, limit: 100 })).toEqual({ steps: [5, 6, 7, 8], curves: [whole.slice(4, 8)] })
  })
})

describe('reading single values', () => {
  it('finds the last finite one, and the one at or before a step', () => {
    const values = Float64Array.of(1, NaN, 3, NaN)
    const at = Float64Array.of(1, 2, 3, 4)
    expect([latestOf(values), latestOf(undefined), latestOf([NaN]), valueAt(at, values, 2), valueAt(at, values, 4), valueAt(at, values, 0)]).toEqual([3, undefined, undefined, 1, 3, undefined])
  })
})
