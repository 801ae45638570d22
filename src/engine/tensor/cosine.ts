/** @file How far two vectors point the same way. */

/** Cosine of the angle, -1 to 1, in double precision; NaN where one is zero. */
export function cosine(left: Float32Array, right: Float32Array): number {
  let product = 0
  let ownSquare = 0
  let otherSquare = 0
  for (let index = 0; index < left.length; index++) {
    const [a, b] = [left[index] ?? NaN, right[index] ?? NaN]
    product += a * b
    ownSquare += a * a
    otherSquare += b * b
  }
  return product / Math.sqrt(ownSquare * otherSquare)
}
