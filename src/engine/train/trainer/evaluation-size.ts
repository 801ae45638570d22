/** @file How pictures are shown to a backbone that was trained on crops of one size. */
import { defaultPreprocessing, type Preprocessing } from '../../weights'
import type { Recipe } from '../recipe'

/** Below this, pictures are thumbnails, whose border is part of what there is to see. */
const thumbnailEdge = 64

/**
 * The centre of the picture at the size of the global crops, from a short edge 8/7 of it, as 256 is to 224 in the
 * references; thumbnails are taken whole.
 */
export function trainedPreprocessing({ crops }: Recipe): Preprocessing {
  const crop = crops.global_crops_size
  const shortEdge = crop < thumbnailEdge ? crop : Math.round((crop * 256) / 224)
  return { ...defaultPreprocessing, shortEdge, crop }
}
