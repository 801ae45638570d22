/** @file Labels of patches as labels of pixels, with their borders where the picture has its own. */
import { EngineError, type EdgeMethod } from '../../contract'
import type { Pixels } from '../../display'
import { refineBilateral } from './refine-bilateral'
import { refineGuided } from './refine-guided'
import type { Size } from './region'
import { createTurns } from './turns'

/**
 * Brings labels over the patch grid to the edges of the picture they were found in. The largest number an element can
 * hold, 255 or 65535, is none, which has borders like any label.
 * @param picture uint8 [height, width, 3], covered by the grid without a rest
 * @param labels [grid.height, grid.width]
 * @returns labels [height, width], of the same kind of array
 * @throws EngineError BAD_REQUEST where sizes do not fit; the signal's reason
 */
export async function refineLabels<A extends Uint8Array | Uint16Array>(picture: Pixels, labels: A, grid: Size, method: EdgeMethod, signal: AbortSignal): Promise<A> {
  const { rgb, height, width } = picture
  if (labels.length !== grid.height * grid.width) throw new EngineError('BAD_REQUEST', `${labels.length} labels do not fit ${grid.height} × ${grid.width} patches`)
  if (rgb.length !== 3 * height * width) throw new EngineError('BAD_REQUEST', `${rgb.length} values are not 3 for each of ${height} × ${width} pixels`)
  const answer = (labels instanceof Uint8Array ? new Uint8Array(height * width) : new Uint16Array(height * width)) as A
  const refine = method === 'guided' ? refineGuided : refineBilateral
  await refine(picture, labels, grid, answer, createTurns(signal))
  return answer
}
