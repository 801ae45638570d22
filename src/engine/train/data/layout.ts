/** @file Where each crop of a batch lies in memory: group after group, within a group crop-major, each crop as patch rows. */
import { EngineError } from '../../contract'
import type { CropRecipe } from '../../image'

export type Triple = readonly [number, number, number]

/** Crops of one size, which go through the model together. */
export interface CropGroup {
  /** Edge in pixels, a multiple of the patch size. */
  readonly size: number
  readonly crops: readonly CropRecipe[]
}

/** What shapes a batch. */
export interface BatchShape {
  readonly groups: readonly CropGroup[]
  /** Pictures in a batch. */
  readonly batch: number
  readonly patchSize: number
}

export interface GroupPlace extends CropGroup {
  /** Number of its first crop, counted over all groups. */
  readonly firstCrop: number
  /** Values of one crop: [size² / patchSize², 3 · patchSize²]. */
  readonly cropValues: number
  /** Where the group begins, in values. */
  readonly offset: number
  /** Values of the whole group: [crops · batch, patches, 3 · patchSize²]. */
  readonly values: number
}

export interface BatchLayout {
  readonly groups: readonly GroupPlace[]
  readonly batch: number
  readonly patchSize: number
  /** Crops of one picture. */
  readonly crops: number
  /** float32 values of a whole batch. */
  readonly values: number
}

/**
 * Places the groups one behind the other.
 * @throws EngineError BAD_REQUEST when there is no crop, a crop is of another size than its group, or a size is not whole patches
 */
export function layOut({ groups, batch, patchSize }: BatchShape): BatchLayout {
  const places: GroupPlace[] = []
  let firstCrop = 0
  let offset = 0
  for (const { size, crops } of groups) {
    if (size < patchSize || size % patchSize !== 0)
      throw new EngineError('BAD_REQUEST', `layOut: crops of ${size} pixels are not whole patches of ${patchSize}; choose a multiple of ${patchSize}`)
    const other = crops.find((crop) => crop.size !== size)
    if (other !== undefined) throw new EngineError('BAD_REQUEST', `layOut: a crop of ${other.size} pixels lies in the group of ${size}`)
    const cropValues = 3 * size * size
    const values = crops.length * batch * cropValues
    places.push({ size, crops, firstCrop, cropValues, offset, values })
    firstCrop += crops.length
    offset += values
  }
  if (firstCrop === 0) throw new EngineError('BAD_REQUEST', 'layOut: there are no crops to make')
  return { groups: places, batch, patchSize, crops: firstCrop, values: offset }
}

/** Bytes of one batch; a loader holds `ahead` of them and what has been handed out and not released. */
export function batchBytes(shape: BatchShape): number {
  return layOut(shape).values * Float32Array.BYTES_PER_ELEMENT
}

/** One array per group over the memory of a whole batch, without copying. */
export function groupViews(layout: BatchLayout, values: Float32Array): readonly Float32Array[] {
  return layout.groups.map(({ offset, values: length }) => values.subarray(offset, offset + length))
}
