/** @file Labels of the patches of a picture that is being looked at, with their borders at the edges of the picture. */
import type { RefinedLabels, RefineRequest } from '../contract'
import { refineLabels } from '../dense'
import { resampleBox, type RgbPixels } from '../image'
import type { EngineState } from './engine-state'

/** The picture no longer than `maxEdge`, its aspect kept as well as whole pixels can. */
function reduced({ rgb, height, width }: RgbPixels, maxEdge: number): RgbPixels {
  const scale = maxEdge / Math.max(height, width)
  if (scale >= 1) return { rgb, height, width }
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))]
  return { rgb: resampleBox({ rgb, height, width }, { left: 0, top: 0, width, height }, columns, rows), height: rows, width: columns }
}

/**
 * At the size the model was given the picture, or reduced from it.
 * @throws EngineError NOT_FOUND when the analysis is no longer kept, BAD_REQUEST where the labels are not one for each patch
 */
export async function refineAnalysis({ analyses }: EngineState, { analysisId, labels, method, maxEdge }: RefineRequest): Promise<RefinedLabels> {
  const { prepared, grid } = analyses.get(analysisId).state
  const picture = reduced(prepared, maxEdge)
  // A call has no cancel; this ends within a second.
  const refined = await refineLabels(picture, labels, grid, method, new AbortController().signal)
  return { height: picture.height, width: picture.width, labels: refined }
}
