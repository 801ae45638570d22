/** @file How far apart parts lie that no neighbours join: estimated from some vectors of each. */
import { randomStream } from '../tensor'
import type { ProductOptions } from './centres'
import { samplePositions, takeVectors } from './sample'
import { inSlices } from './slices'
import type { VectorSet } from './vector-set'

/** The nearest vectors that were found of two parts. */
export interface Joint {
  readonly a: number
  readonly b: number
  readonly cosine: number
}

/** Vectors that are compared, of all parts together: their products take a second at most. */
const sampleSize = 8192

/** Some vectors of each part, by chance but always the same; part after part. */
function sampleParts(parts: readonly Uint32Array[]): { readonly positions: Uint32Array; readonly partOf: Uint32Array } {
  const each = Math.max(1, Math.floor(sampleSize / parts.length))
  const samples = parts.map((part, index) => samplePositions(part.length, each, randomStream(0, index)).map((place) => part[place]!))
  return {
    positions: Uint32Array.from(samples.flatMap((sample) => [...sample])),
    partOf: Uint32Array.from(samples.flatMap((sample, index) => Array<number>(sample.length).fill(index))),
  }
}

/**
 * Joints that hold all parts together, as few and as short as can be (Prim). They may be a little longer than the true ones,
 * since of large parts only some vectors are looked at.
 * @param parts positions of the vectors of each part
 * @throws the signal's reason
 */
export async function jointsOf(set: VectorSet, parts: readonly Uint32Array[], { products, signal }: ProductOptions): Promise<Joint[]> {
  const { positions, partOf } = sampleParts(parts)
  const { dim, matrix } = takeVectors(set, positions)
  const count = parts.length
  const nearest = new Float32Array(count * count).fill(-Infinity)
  const ends = new Uint32Array(count * count)
  await inSlices(positions.length, 256, signal, async (from, to) => {
    const cosines = await products(matrix.subarray(from * dim, to * dim), matrix, dim)
    for (let row = from; row < to; row++)
      for (let column = 0; column < positions.length; column++) {
        const at = partOf[row]! * count + partOf[column]!
        const cosine = cosines[(row - from) * positions.length + column]!
        if (!(cosine > nearest[at]!)) continue
        nearest[at] = cosine
        ends[at] = positions[row]!
      }
  })
  const joints: Joint[] = []
  const inside = new Uint8Array(count)
  // For each part outside, the part inside that is nearest to it.
  const through = new Uint32Array(count)
  inside[0] = 1
  while (joints.length < count - 1) {
    let best = -1
    for (let part = 0; part < count; part++) if (inside[part] === 0 && (best < 0 || nearest[through[part]! * count + part]! > nearest[through[best]! * count + best]!)) best = part
    const from = through[best]!
    joints.push({ a: ends[from * count + best]!, b: ends[best * count + from]!, cosine: nearest[from * count + best]! })
    inside[best] = 1
    for (let part = 0; part < count; part++) if (nearest[best * count + part]! > nearest[through[part]! * count + part]!) through[part] = best
  }
  return joints
}
