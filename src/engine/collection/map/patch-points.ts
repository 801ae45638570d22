/** @file Compact patch tokens of many pictures as the points of a map. */
import { normaliseRows } from '../../inference'
import type { PatchBasis } from '../../library'
import { randomStreamAt } from '../../tensor'
import type { PatchCodes } from '../patch-codes'
import { samplePositions } from '../sample'

/**
 * How many patches the `picture`-th of `pictures` may give to `budget` points: all pictures the same number, to one.
 * @returns a number that a picture with fewer patches does not reach
 */
export function patchShare(picture: number, pictures: number, budget: number): number {
  return Math.floor((budget * (picture + 1)) / pictures) - Math.floor((budget * picture) / pictures)
}

/** Patches of one picture that become points, rising: `share` of them, by chance where it has more. */
export function pickPatches(patches: number, share: number, seed: number, picture: number): Uint32Array {
  return samplePositions(patches, share, randomStreamAt(seed, 'map', 1, picture, 0))
}

/** Columns of {@link patchVectors}: one for each axis of the basis, and one for what all tokens have in common beside them. */
export function patchVectorDim({ dims }: PatchBasis): number {
  return dims + 1
}

/** What {@link patchVectors} adds to every row: the mean along the axes, and the length of what of it is across them. */
function meanAlongAxes({ dim, dims, mean, axes }: PatchBasis): Float64Array {
  const along = new Float64Array(dims + 1)
  let across = 0
  for (let column = 0; column < dim; column++) across += mean[column]! ** 2
  for (let axis = 0; axis < dims; axis++) {
    for (let column = 0; column < dim; column++) along[axis]! += mean[column]! * axes[axis * dim + column]!
    across -= along[axis]! ** 2
  }
  along[dims] = Math.sqrt(Math.max(0, across))
  return along
}

/**
 * Kept tokens are m + A·c, with orthonormal axes A. Their dot products are those of [c + Aᵀm, |m − A·Aᵀm|], which has 65
 * numbers where a token has some hundred.
 * @returns float32 [patches, dims + 1], at unit length: dot products are the cosines of the kept tokens
 */
export function patchVectors(basis: PatchBasis, pictures: readonly PatchCodes[]): Float32Array {
  const { dims } = basis
  const width = patchVectorDim(basis)
  const common = meanAlongAxes(basis)
  const vectors = new Float32Array((width / dims) * pictures.reduce((sum, { codes }) => sum + codes.length, 0))
  let at = 0
  for (const { codes, scale } of pictures)
    for (let start = 0; start < codes.length; start += dims) {
      for (let axis = 0; axis < dims; axis++) vectors[at++] = codes[start + axis]! * scale + common[axis]!
      vectors[at++] = common[dims]!
    }
  return normaliseRows(vectors, width)
}
