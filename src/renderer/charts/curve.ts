/** @file From a run's columns to what a chart draws: smoothed, cut to what is in sight, and thinned to what a screen can show. Pure. */
import type { MetricSeries } from '../../engine/contract'
import { rowFrom } from '../stores/metric-table'

/** Steps in sight, both ends included. */
export interface StepRange {
  readonly from: number
  readonly to: number
}

/** Points of several curves over the same steps; null where a curve has none. */
export interface CurveData {
  readonly steps: readonly number[]
  readonly curves: readonly (readonly (number | null)[])[]
}

/**
 * Exponential moving average, `weight` 0..1 of what came before; corrected for its start, so that it does not lean towards
 * zero. NaN stays NaN and does not break the average.
 */
export function smoothed(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values
  const result = new Float64Array(values.length)
  let sum = 0
  let mass = 0
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? NaN
    if (Number.isFinite(value)) {
      sum = sum * weight + value * (1 - weight)
      mass = mass * weight + (1 - weight)
    }
    result[index] = Number.isFinite(value) ? sum / mass : value
  }
  return result
}

/** The rows of `range`, with one more at either side, so that lines run on to the edge. */
export function rowsInSight(steps: Float64Array, range: StepRange | undefined): readonly [from: number, to: number] {
  if (range === undefined) return [0, steps.length]
  const from = rowFrom(steps, steps.length, range.from)
  const to = rowFrom(steps, steps.length, range.to)
  return [Math.max(0, from - 1), Math.min(steps.length, to + 1)]
}

const drawable = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null)

/** The smallest and the largest value of a bucket in the order they came, so that a spike is never thinned away. */
function extremes(values: Float64Array, from: number, to: number): readonly [number | null, number | null] {
  let least = -1
  let most = -1
  for (let row = from; row < to; row += 1) {
    const value = values[row] ?? NaN
    if (!Number.isFinite(value)) continue
    if (least < 0 || value < (values[least] ?? NaN)) least = row
    if (most < 0 || value > (values[most] ?? NaN)) most = row
  }
  const [first, second] = least <= most ? [least, most] : [most, least]
  return first < 0 ? [null, null] : [drawable(values[first]), drawable(values[second])]
}

/** At most `limit` points of rows `from` up to `to`. */
export function thinned(steps: Float64Array, curves: readonly Float64Array[], [from, to]: readonly [number, number], limit: number): CurveData {
  const rows = to - from
  if (rows <= limit) {
    return {
      steps: Array.from(steps.subarray(from, to)),
      curves: curves.map((values) => Array.from(values.subarray(from, to), drawable)),
    }
  }
  const buckets = Math.max(1, Math.floor(limit / 2))
  const edge = (bucket: number): number => from + Math.floor((bucket * rows) / buckets)
  const places = Array.from({ length: buckets }, (_, bucket) => [edge(bucket), edge(bucket + 1)] as const)
  return {
    steps: places.flatMap(([start, end]) => [steps[start] ?? 0, steps[Math.max(start, end - 1)] ?? 0]),
    curves: curves.map((values) => places.flatMap(([start, end]) => extremes(values, start, end))),
  }
}

export interface CurveOptions {
  /** 0..1, see smoothed(). */
  readonly smoothing: number
  readonly range: StepRange | undefined
  /** Most points of one curve. */
  readonly limit: number
}

/** The named columns of a run as a chart draws them; a column the run does not have is empty. */
export function curvesOf(series: MetricSeries, columns: readonly string[], { smoothing, range, limit }: CurveOptions): CurveData {
  const missing = new Float64Array(series.steps.length).fill(NaN)
  const curves = columns.map((name) => smoothed(series.columns[name] ?? missing, smoothing))
  return thinned(series.steps, curves, rowsInSight(series.steps, range), limit)
}

/** The last finite value of a column, undefined where there is none. */
export function latestOf(values: ArrayLike<number> | undefined): number | undefined {
  for (let index = (values?.length ?? 0) - 1; index >= 0; index -= 1) {
    const value = values?.[index]
    if (value !== undefined && Number.isFinite(value)) return value
  }
  return undefined
}

/** The value at `step` or the nearest one before it. */
export function valueAt(steps: Float64Array, values: Float64Array | undefined, step: number): number | undefined {
  const row = rowFrom(steps, steps.length, step + 1)
  return latestOf(values?.subarray(0, row))
}
