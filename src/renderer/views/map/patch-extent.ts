/** @file Where one of a picture's stored patch tokens lies in it. */
import type { Extent, ModelInfo } from '../../../engine/contract'
import { seenShare } from '../../stores/search-lit'

/** Patches down and across of what a model embeds. */
export function storedGrid({ evaluation, patchSize }: Pick<ModelInfo, 'evaluation' | 'patchSize'>): number {
  return Math.floor(evaluation.crop / patchSize)
}

/** In fractions of the picture as shown; patches are those of the centre crop, row by row. */
export function patchExtent(patch: number, model: Pick<ModelInfo, 'evaluation' | 'patchSize'>, { width, height }: { readonly width: number; readonly height: number }): Extent {
  const columns = storedGrid(model)
  const square = seenShare(undefined, 'cover', model.evaluation) * Math.min(width, height)
  const edge = square / columns
  return {
    left: ((width - square) / 2 + (patch % columns) * edge) / width,
    top: ((height - square) / 2 + Math.floor(patch / columns) * edge) / height,
    width: edge / width,
    height: edge / height,
  }
}
