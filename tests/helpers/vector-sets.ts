/** @file Sets of vectors for tests, drawn from streams, and the product by its definition. */
import { unitVectors, type VectorSet } from '../../src/engine/collection'
import type { RowProducts } from '../../src/engine/inference'
import { randomStream } from '../../src/engine/tensor'

/** A set over the rows 0 .. count − 1; vectors are brought to unit length. */
export function vectorSet(dim: number, values: Float32Array): VectorSet {
  return { dim, rows: Uint32Array.from({ length: values.length / dim }, (_, row) => row), matrix: unitVectors(values, dim, 'cls') }
}

/** Vectors of no structure. */
export function randomSet(count: number, dim: number, seed: number): VectorSet {
  const random = randomStream(seed)
  return vectorSet(dim, Float32Array.from({ length: count * dim }, () => random.normal()))
}

/** Blobs of the given sizes around random directions; the vectors of a blob lie together, blob after blob. */
export function blobs(sizes: readonly number[], dim: number, spread: number, seed: number): { readonly set: VectorSet; readonly labels: Int32Array } {
  const random = randomStream(seed)
  const values: number[] = []
  for (const size of sizes) {
    const centre = Array.from({ length: dim }, () => random.normal())
    for (let vector = 0; vector < size; vector++) values.push(...centre.map((value) => value + spread * random.normal()))
  }
  return { set: vectorSet(dim, Float32Array.from(values)), labels: Int32Array.from(sizes.flatMap((size, label) => Array<number>(size).fill(label))) }
}

/** The definition, one product at a time. */
export const plainProducts: RowProducts = (left, right, dim) => {
  const [rows, columns] = [left.length / dim, right.length / dim]
  const products = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let sum = 0
      for (let index = 0; index < dim; index++) sum += left[row * dim + index]! * right[column * dim + index]!
      products[row * columns + column] = sum
    }
  return Promise.resolve(products)
}

/** Labels numbered by their first appearance, so that two clusterings with the same groups are equal; -1 stays. */
export function byAppearance(labels: Int32Array): number[] {
  const names = new Map<number, number>()
  return Array.from(labels, (label) => {
    if (label < 0) return label
    if (!names.has(label)) names.set(label, names.size)
    return names.get(label)!
  })
}
