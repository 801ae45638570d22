/** @file Some of many vectors, chosen by chance or by position. */
import type { RandomStream } from '../tensor'
import type { VectorSet } from './vector-set'

/** `size` different positions below `count`, rising; all of them when there are not more. Every choice is as likely as any other. */
export function samplePositions(count: number, size: number, random: RandomStream): Uint32Array<ArrayBuffer> {
  const positions = Uint32Array.from({ length: count }, (_, position) => position)
  if (size >= count) return positions
  // The beginning of a Fisher-Yates shuffle.
  for (let index = 0; index < size; index++) {
    const from = index + Math.floor(random.uniform() * (count - index))
    const taken = positions[from]!
    positions[from] = positions[index]!
    positions[index] = taken
  }
  return positions.subarray(0, size).sort()
}

/** The vectors at some positions, in that order. */
export function takeVectors({ dim, rows, matrix }: VectorSet, positions: Uint32Array): VectorSet {
  const taken = new Float32Array(positions.length * dim)
  positions.forEach((position, index) => {
    taken.set(matrix.subarray(position * dim, (position + 1) * dim), index * dim)
  })
  return { dim, rows: positions.map((position) => rows[position]!), matrix: taken }
}
