/** @file Patch tokens in a compact form: unit tokens along the axes of a model's patch basis, int8 with one scale a picture. */
import type { PatchCost } from '../contract'
import { normaliseRows, type RowProducts } from '../inference'
import type { PatchBasis, StoredPatches } from '../library'

/** What is kept of the patch tokens of one picture. */
export type PatchCodes = Pick<StoredPatches, 'codes' | 'scale'>

const largestCode = 127

/** Coordinates of the mean along the axes, float64 [dims]. */
function meanCoordinates({ dim, dims, mean, axes }: PatchBasis): Float64Array {
  return Float64Array.from({ length: dims }, (_, axis) => {
    let sum = 0
    for (let column = 0; column < dim; column++) sum += mean[column]! * axes[axis * dim + column]!
    return sum
  })
}

/**
 * code = round((unit token − mean) · axis / scale), the scale such that the largest of the picture is ±127.
 * @param tokens patch tokens of one picture after the final norm, float32 [patches, dim]
 * @returns int8 [patches, dims]
 */
export async function encodePatches(basis: PatchBasis, tokens: Float32Array, products: RowProducts): Promise<PatchCodes> {
  const { dim, dims, axes } = basis
  const coordinates = await products(normaliseRows(tokens, dim), axes, dim)
  const offsets = meanCoordinates(basis)
  let largest = 0
  for (let index = 0; index < coordinates.length; index++) {
    const value = coordinates[index]! - offsets[index % dims]!
    coordinates[index] = value
    if (Math.abs(value) > largest) largest = Math.abs(value)
  }
  const scale = largest === 0 ? 1 : Math.fround(largest / largestCode)
  // Loops, since from() with a function takes some hundred times as long.
  const codes = new Int8Array(coordinates.length)
  for (let index = 0; index < codes.length; index++) codes[index] = Math.round(coordinates[index]! / scale)
  return { codes, scale }
}

/**
 * mean + scale · codes · axes: unit tokens but for what was left out, so hardly shorter than 1.
 * @returns float32 [patches, dim]
 */
export async function decodePatches({ dim, dims, mean, axes }: PatchBasis, { codes, scale }: PatchCodes, products: RowProducts): Promise<Float32Array> {
  const columns = new Float32Array(dim * dims)
  for (let axis = 0; axis < dims; axis++) for (let column = 0; column < dim; column++) columns[column * dims + axis] = axes[axis * dim + column]!
  const coordinates = new Float32Array(codes.length)
  for (let index = 0; index < codes.length; index++) coordinates[index] = codes[index]! * scale
  const tokens = await products(coordinates, columns, dims)
  for (let start = 0; start < tokens.length; start += dim) for (let column = 0; column < dim; column++) tokens[start + column]! += mean[column]!
  return tokens
}

/** Cosine of each exact patch token with what is kept of it, float32 [patches]; 0 where either is zero. */
export async function patchCosines(basis: PatchBasis, tokens: Float32Array, codes: PatchCodes, products: RowProducts): Promise<Float32Array> {
  const { dim } = basis
  const kept = await decodePatches(basis, codes, products)
  return Float32Array.from({ length: tokens.length / dim }, (_, patch) => {
    let both = 0
    let exactSquare = 0
    let keptSquare = 0
    for (let index = patch * dim; index < (patch + 1) * dim; index++) {
      both += tokens[index]! * kept[index]!
      exactSquare += tokens[index]! ** 2
      keptSquare += kept[index]! ** 2
    }
    return exactSquare * keptSquare === 0 ? 0 : both / Math.sqrt(exactSquare * keptSquare)
  })
}

/**
 * What the compact form costs.
 * @param cosines of patches that the basis was not fitted on, as {@link patchCosines} gives them
 * @param patchesPerImage patches of one picture, for its size: int8 codes and a float32 scale
 * @returns undefined where there is nothing to tell of
 */
export function patchCost({ dims, explained }: PatchBasis, cosines: Float32Array, patchesPerImage: number): PatchCost | undefined {
  if (cosines.length === 0) return undefined
  const sorted = cosines.toSorted()
  return {
    patches: cosines.length,
    meanCosine: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
    worstPercentCosine: sorted[Math.floor((sorted.length - 1) / 100)]!,
    explained,
    bytesPerImage: patchesPerImage * dims + Float32Array.BYTES_PER_ELEMENT,
  }
}

/**
 * {@link patchCost} of whole pictures that the basis was not fitted on.
 * @param pictures patch tokens of each, float32 [patches, dim]
 */
export async function measurePatchCost(basis: PatchBasis, pictures: readonly Float32Array[], products: RowProducts): Promise<PatchCost | undefined> {
  const parts: Float32Array[] = []
  for (const tokens of pictures) parts.push(await patchCosines(basis, tokens, await encodePatches(basis, tokens, products), products))
  const cosines = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let filled = 0
  for (const part of parts) {
    cosines.set(part, filled)
    filled += part.length
  }
  return patchCost(basis, cosines, cosines.length / Math.max(1, pictures.length))
}
