/** @file Where k-means begins: k-means++, by products. */
import type { RandomStream } from '../tensor'
import type { ProductOptions } from './centres'
import { inSlices } from './slices'
import type { VectorSet } from './vector-set'

/** Up to so many clusters centres are drawn one by one, as k-means++ says; of more, several at a time, so that the passes over the vectors do not grow. */
const rounds = 128
const blockRows = 8192

/** Draws `wanted` positions with chances proportional to `weights` of sum `total`: rising, each at most once. */
function draw(weights: Float64Array, total: number, wanted: number, random: RandomStream): number[] {
  const marks = Array.from({ length: wanted }, () => random.uniform() * total).sort((a, b) => a - b)
  const drawn: number[] = []
  let next = 0
  let sum = 0
  let last = -1
  for (let position = 0; position < weights.length && next < marks.length; position++) {
    if (weights[position] === 0) continue
    last = position
    sum += weights[position]!
    if (marks[next]! >= sum) continue
    drawn.push(position)
    while (next < marks.length && marks[next]! < sum) next++
  }
  // Rounding may leave the last mark a hair above the sum.
  if (drawn.length === 0 && last >= 0) drawn.push(last)
  return drawn
}

/**
 * Positions of vectors to begin with: the first by chance, each further one with a chance proportional to its squared
 * distance, 2 − 2 cos, from those that are drawn already.
 * Source: Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding" (SODA 2007); several at a time as in
 * Bahmani et al., "Scalable k-means++" (arXiv 1203.6402).
 * @returns at most `clusters`; fewer where there are not so many different vectors
 * @throws the signal's reason
 */
export async function seedPositions({ dim, rows, matrix }: VectorSet, clusters: number, random: RandomStream, { products, signal }: ProductOptions): Promise<number[]> {
  const count = rows.length
  const distances = new Float64Array(count).fill(Infinity)
  const seeds = [Math.min(count - 1, Math.floor(random.uniform() * count))]
  for (let fresh = seeds; seeds.length < clusters; seeds.push(...fresh)) {
    const chosen = new Float32Array(fresh.length * dim)
    fresh.forEach((position, index) => {
      chosen.set(matrix.subarray(position * dim, (position + 1) * dim), index * dim)
    })
    let total = 0
    await inSlices(count, blockRows, signal, async (from, to) => {
      const cosines = await products(matrix.subarray(from * dim, to * dim), chosen, dim)
      for (let position = from; position < to; position++) {
        let nearest = distances[position]!
        for (let index = 0; index < fresh.length; index++) nearest = Math.min(nearest, 1 - cosines[(position - from) * fresh.length + index]!)
        // Rounding of float32 products; without it copies of a centre could be drawn again.
        if (nearest < 1e-6) nearest = 0
        distances[position] = nearest
        total += nearest
      }
    })
    if (total === 0) return seeds
    fresh = draw(distances, total, Math.min(Math.ceil(clusters / rounds), clusters - seeds.length), random)
  }
  return seeds
}
