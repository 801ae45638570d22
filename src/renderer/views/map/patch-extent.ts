/** @file Where one of a picture's stored patch tokens lies in it. */
import type { Extent } from '../../../engine/contract'
import { seenShare } from '../../stores/search-lit'

/** Pixels of the square that pictures are embedded at. Source: the evaluation transform of both papers. */
const evaluationCrop = 224

/** In fractions of the picture as shown; patches are those of the centre crop, row by row. */
export function patchExtent(patch: number, patchSize: number, { width, height }: { readonly width: number; readonly height: number }): Extent {
  const columns = Math.floor(evaluationCrop / patchSize)
  const square = seenShare(undefined, 'cover') * Math.min(width, height)
  const edge = square / columns
  return {
    left: ((width - square) / 2 + (patch % columns) * edge) / width,
    top: ((height - square) / 2 + Math.floor(patch / columns) * edge) / height,
    width: edge / width,
    height: edge / height,
  }
}
