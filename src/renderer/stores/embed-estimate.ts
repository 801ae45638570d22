/** @file What embedding will take, in time and on disk, before it is begun. Pure. */
import type { ModelInfo, VectorStatus } from '../../engine/contract'

/** Compact patch tokens: 64 dimensions, int8. */
const bytesPerPatch = 64

/** What compact patch tokens of `images` pictures, embedded at the model's evaluation crop, need on disk, in bytes. */
export function patchBytes({ evaluation, patchSize }: Pick<ModelInfo, 'evaluation' | 'patchSize'>, images: number): number {
  return Math.floor(evaluation.crop / patchSize) ** 2 * bytesPerPatch * images
}

export interface VectorCounts {
  readonly images: number
  readonly withPatches: number
}

/** How many pictures have vectors of a model, of those of one folder. */
export function vectorsOf(status: readonly VectorStatus[], modelId: string | undefined): VectorCounts {
  const found = status.find((one) => one.modelId === modelId)
  return { images: found?.images ?? 0, withPatches: found?.withPatches ?? 0 }
}

/** Pictures that embedding would still have to go through. */
export function missingVectors(readable: number, counts: VectorCounts, patches: boolean): number {
  return Math.max(0, readable - (patches ? Math.min(counts.images, counts.withPatches) : counts.images))
}

/** Time for `images` at a measured rate, in milliseconds; undefined where none has been measured. */
export function embeddingMs(images: number, imagesPerSecond: number | undefined): number | undefined {
  return imagesPerSecond === undefined || imagesPerSecond <= 0 ? undefined : (images / imagesPerSecond) * 1000
}
