/** @file Which pictures two models put elsewhere: how many of each one's nearest are the same by both, and how far the others lie. */
import { EngineError } from '../../contract'
import type { Neighbours } from '../neighbours'
import { inSlices } from '../slices'
import type { VectorSet } from '../vector-set'

export interface NeighbourOverlap {
  /** Share of each picture's nearest that both models agree on, float32 [pictures], 0..1. */
  readonly overlaps: Float32Array
  /**
   * How much less alike a picture is to the other model's nearest than to its own, mean of both models, float32 [pictures]:
   * 0 where the lists are the same. In cosines.
   */
  readonly gaps: Float32Array
  readonly mean: number
  /** Its expectation for models that know nothing of each other. */
  readonly byChance: number
}

/** Pictures between two turns of the event loop. */
const slice = 256

function cosine({ dim, matrix }: VectorSet, a: number, b: number): number {
  let sum = 0
  for (let column = 0; column < dim; column++) sum += matrix[a * dim + column]! * matrix[b * dim + column]!
  return sum
}

/** What a model loses in cosine where the other one's neighbours that are not its own take the place of its own that are not the other's. */
function lossOf(set: VectorSet, own: Neighbours, other: Neighbours, picture: number, listed: number): number {
  const [mine, theirs] = [own, other].map(({ k, positions }) => positions.subarray(picture * k, picture * k + listed)) as [Int32Array, Int32Array]
  let loss = 0
  mine.forEach((position, place) => {
    if (!theirs.includes(position)) loss += own.cosines[picture * own.k + place]!
  })
  for (const position of theirs) if (!mine.includes(position)) loss -= cosine(set, picture, position)
  return Math.max(0, loss / listed)
}

/**
 * Compares the neighbours that two models give the same pictures.
 * @param a vectors of one model, at unit length, and their neighbours; `b` those of the other, over the same pictures
 * @throws the signal's reason
 */
export async function neighbourOverlap(a: { readonly set: VectorSet; readonly neighbours: Neighbours }, b: typeof a, signal: AbortSignal): Promise<NeighbourOverlap> {
  const count = a.set.rows.length
  const { k } = a.neighbours
  if (b.set.rows.length !== count || b.neighbours.k !== k) throw new EngineError('INTERNAL', `neighbourOverlap: ${count} and ${b.set.rows.length} pictures, ${k} and ${b.neighbours.k} neighbours`)
  const listed = Math.min(k, count - 1)
  const [overlaps, gaps] = [new Float32Array(count), new Float32Array(count)]
  /** Who listed a picture last: the one whose list by `a` it is in. */
  const listedBy = new Int32Array(count).fill(-1)
  let sum = 0
  await inSlices(count, slice, signal, (from, to) => {
    for (let picture = from; picture < to; picture++) {
      for (let place = 0; place < listed; place++) listedBy[a.neighbours.positions[picture * k + place]!] = picture
      let both = 0
      for (let place = 0; place < listed; place++) if (listedBy[b.neighbours.positions[picture * k + place]!] === picture) both++
      overlaps[picture] = both / listed
      sum += both / listed
      if (both < listed) gaps[picture] = (lossOf(a.set, a.neighbours, b.neighbours, picture, listed) + lossOf(b.set, b.neighbours, a.neighbours, picture, listed)) / 2
    }
  })
  return { overlaps, gaps, mean: sum / count, byChance: listed / (count - 1) }
}

/** Pictures by how much their neighbours changed: the smallest overlap first; of equal ones the largest gap, then the first picture. */
export function mostChanged({ overlaps, gaps }: Pick<NeighbourOverlap, 'overlaps' | 'gaps'>): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(overlaps, (_, picture) => picture).sort((left, right) => overlaps[left]! - overlaps[right]! || gaps[right]! - gaps[left]! || left - right)
}
