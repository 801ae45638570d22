/** @file How well a map keeps who is near whom, measured against the exact neighbours. */
import type { MapQuality } from '../../contract'
import { emptyNearest, takeNearest } from '../../inference'
import { createProgress } from '../../progress'
import { randomStreamAt } from '../../tensor'
import { samplePositions, takeVectors } from '../sample'
import { inSlices } from '../slices'
import type { VectorSet } from '../vector-set'
import { mapColumns, nearestOnMap, type MapColumns } from './map-neighbours'
import type { MapOptions } from './pca'

export interface QualityOptions extends MapOptions {
  /** How many neighbours of each point are compared; fewer where there are not at least twice as many points. */
  readonly neighbours: number
  /** Of the points that are measured, where not all are. */
  readonly seed: number
}

/** Points times points that are compared: all of 10 000 points, 5000 of 20 000; then the error of chance is below 0.001. */
const comparisons = 1e8
const fewestMeasured = 256
/** Of one product, 16 MiB. */
const productElements = 2 ** 22
/** Comparisons before the event loop turns: some milliseconds. */
const sliceComparisons = 2 ** 20

/** How many points are measured of `count`: all of them unless that takes long. */
export function measuredPoints(count: number): number {
  return Math.min(count, Math.max(fewestMeasured, Math.floor(comparisons / Math.max(1, count))))
}

/** Of cosines. */
const bins = 2048

/** Rising with the cosine, 0 .. bins; those of unit vectors leave −1 .. 1 by rounding alone. */
function binOf(cosine: number): number {
  return Math.max(0, Math.min(bins, Math.floor((cosine + 1) * (bins / 2))))
}

/**
 * Ranks above `k` of those neighbours on the map that are not among the true ones, summed less k each.
 * @param cosines of the point with all others, itself at −Infinity
 */
function strangeness(cosines: Float32Array, strangers: readonly number[], k: number): number {
  if (strangers.length === 0) return 0
  const thresholds = Float32Array.from(strangers, (position) => cosines[position]!).sort()
  const lowest = thresholds[0]!
  // How many thresholds lie in the bins before each: where to begin to look, which is all but the place itself.
  const before = new Uint32Array(bins + 2)
  for (const threshold of thresholds) before[binOf(threshold) + 1]!++
  for (let bin = 1; bin < before.length; bin++) before[bin]! += before[bin - 1]!
  // Cosines above so many of the thresholds and no more.
  const above = new Uint32Array(thresholds.length + 1)
  for (const cosine of cosines) {
    if (!(cosine > lowest)) continue
    let place = before[binOf(cosine)]!
    while (place < thresholds.length && cosine > thresholds[place]!) place++
    above[place]!++
  }
  let [sum, nearer] = [0, 0]
  for (let index = thresholds.length; index > 0; index--) {
    nearer += above[index]!
    sum += Math.max(0, nearer + 1 - k)
  }
  return sum
}

interface Sums {
  strangeness: number
  kept: number
}

/** Adds what one point says. `cosines` is changed: the point itself is taken out. */
function measurePoint(sums: Sums, position: number, cosines: Float32Array, columns: MapColumns, k: number): void {
  cosines[position] = -Infinity
  const truth = emptyNearest(1, k)
  takeNearest(truth, 0, cosines, 0, cosines.length, 0, position)
  const real = new Set(truth.rows)
  const strangers: number[] = []
  for (const neighbour of nearestOnMap(columns, position, k)) {
    if (real.has(neighbour)) sums.kept++
    else strangers.push(neighbour)
  }
  sums.strangeness += strangeness(cosines, strangers, k)
}

/**
 * Trustworthiness T(k) = 1 − 2 / (n·k·(2N − 3k − 1)) · Σᵢ Σ_{j ∈ U(i)} (r(i, j) − k), over n measured points of N, where U(i) are
 * the points among the k nearest of i on the map but not among its k nearest by cosine, and r(i, j) is the place of j
 * among all others by cosine, the nearest being 1. Source: Venna & Kaski, ICANN 2001, eq. 3. `preserved` is the mean
 * share of the k nearest by cosine that are among the k nearest on the map.
 * @param coordinates float32 [points, dims]
 * @returns undefined for fewer than 3 points, of which nothing can be said
 * @throws the signal's reason
 */
export async function measureMap(set: VectorSet, coordinates: Float32Array, dims: 2 | 3, options: QualityOptions): Promise<MapQuality | undefined> {
  const { products, signal, emit, seed } = options
  const { dim, matrix } = set
  const count = set.rows.length
  // The formula holds for k below half of the points.
  const k = Math.min(options.neighbours, Math.ceil(count / 2) - 1)
  if (k < 1) return undefined
  const measured = samplePositions(count, measuredPoints(count), randomStreamAt(seed, 'map', 0, 0, 0))
  const columns = mapColumns(coordinates, dims)
  const progress = createProgress('Measuring the map', measured.length, emit)
  const sums: Sums = { strangeness: 0, kept: 0 }
  await inSlices(measured.length, Math.max(1, Math.floor(productElements / count)), signal, async (from, to) => {
    const cosines = await products(takeVectors(set, measured.subarray(from, to)).matrix, matrix, dim)
    await inSlices(to - from, Math.max(1, Math.floor(sliceComparisons / count)), signal, (first, last) => {
      for (let row = first; row < last; row++) measurePoint(sums, measured[from + row]!, cosines.subarray(row * count, (row + 1) * count), columns, k)
      progress.advance(last - first)
    })
  })
  progress.finish()
  const points = measured.length
  return { neighbours: k, trustworthiness: 1 - (2 * sums.strangeness) / (points * k * (2 * count - 3 * k - 1)), preserved: sums.kept / (points * k), points }
}
