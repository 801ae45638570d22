/** @file Compact patch tokens of some pictures in one block of codes, as they are multiplied. */
import type { PatchBasis, StoredPatches } from '../library'

/** As many patches as one product takes: their codes as float32 stay in a core's cache. */
export const chunkPatches = 8192

/** Patches of whole pictures, one picture after the other. */
export interface PatchChunk {
  readonly pictures: readonly Pick<StoredPatches, 'hash' | 'gridHeight' | 'gridWidth' | 'scale'>[]
  /** First patch of each picture, and the number of all behind the last; uint32 [pictures + 1]. */
  readonly starts: Uint32Array
  /** int8 [patches, dims] */
  readonly codes: Int8Array
  /** 1 / length of each token as the codes tell it, float32 [patches]. */
  readonly inverseLengths: Float32Array
}

/** Bytes that a chunk keeps in memory, objects left aside. */
export function chunkBytes({ starts, codes, inverseLengths }: PatchChunk): number {
  return starts.byteLength + codes.byteLength + inverseLengths.byteLength
}

/** A · mean, float64 [dims]: how much of each axis the mean already holds. */
function meanAlongAxes({ dim, dims, mean, axes }: PatchBasis): Float64Array {
  const along = new Float64Array(dims)
  for (let axis = 0; axis < dims; axis++) for (let index = 0; index < dim; index++) along[axis]! += axes[axis * dim + index]! * mean[index]!
  return along
}

/**
 * The length of what is left of a unit token, t̂ = mean + scale · Aᵀc, by |t̂|² = |mean|² + 2 · scale · (A·mean)·c + scale²·|c|².
 * Axes are orthonormal.
 */
function inverseLengthsOf(codes: Int8Array, scaleOfPatch: Float32Array, basis: PatchBasis): Float32Array {
  const { dims } = basis
  const along = meanAlongAxes(basis)
  const meanSquare = basis.mean.reduce((sum, value) => sum + value * value, 0)
  return scaleOfPatch.map((scale, patch) => {
    let product = 0
    let square = 0
    for (let axis = 0, at = patch * dims; axis < dims; axis++, at++) {
      const code = codes[at]!
      product += along[axis]! * code
      square += code * code
    }
    return 1 / Math.sqrt(Math.max(1e-12, meanSquare + 2 * scale * product + scale * scale * square))
  })
}

function packOne(pictures: readonly StoredPatches[], basis: PatchBasis): PatchChunk {
  const { dims } = basis
  const starts = new Uint32Array(pictures.length + 1)
  pictures.forEach(({ codes }, index) => { starts[index + 1] = starts[index]! + codes.length / dims })
  const patches = starts[pictures.length]!
  const codes = new Int8Array(patches * dims)
  const scaleOfPatch = new Float32Array(patches)
  pictures.forEach((picture, index) => {
    codes.set(picture.codes, starts[index]! * dims)
    scaleOfPatch.fill(picture.scale, starts[index], starts[index + 1])
  })
  return {
    pictures: pictures.map(({ hash, gridHeight, gridWidth, scale }) => ({ hash, gridHeight, gridWidth, scale })),
    starts,
    codes,
    inverseLengths: inverseLengthsOf(codes, scaleOfPatch, basis),
  }
}

/** Packs pictures into chunks of at most {@link chunkPatches} patches each; a larger picture is one by itself. */
export function* packPatches(pictures: readonly StoredPatches[], basis: PatchBasis): Generator<PatchChunk> {
  let waiting: StoredPatches[] = []
  let patches = 0
  for (const picture of pictures) {
    const added = picture.codes.length / basis.dims
    if (waiting.length > 0 && patches + added > chunkPatches) {
      yield packOne(waiting, basis)
      waiting = []
      patches = 0
    }
    waiting.push(picture)
    patches += added
  }
  if (waiting.length > 0) yield packOne(waiting, basis)
}
