/** @file Vectors with clusters among them, made quickly: what neighbours are searched in when no model has made any. */

/** Uniform in [0, 1): mulberry32, since millions are wanted and nothing rests on them. */
export function quickRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface ClusteredVectors {
  readonly count: number
  readonly dim: number
  readonly clusters: number
  readonly seed: number
}

/**
 * Vectors around as many centres, which share few directions as those of trained models do: the spread along direction d
 * falls with 1 / √(1 + d), and a vector is two parts centre and one part its own.
 * @returns float32 [count, dim], not normalised
 */
export function clusteredVectors({ count, dim, clusters, seed }: ClusteredVectors): Float32Array {
  const random = quickRandom(seed)
  const spread = Float32Array.from({ length: dim }, (_, index) => 1 / Math.sqrt(1 + index))
  const centres = Float32Array.from({ length: clusters * dim }, (_, at) => (random() + random() - 1) * spread[at % dim]!)
  const matrix = new Float32Array(count * dim)
  for (let row = 0; row < count; row++) {
    const centre = Math.floor(random() * clusters) * dim
    for (let index = 0; index < dim; index++) matrix[row * dim + index] = centres[centre + index]! + 0.5 * (random() + random() - 1) * spread[index]!
  }
  return matrix
}
