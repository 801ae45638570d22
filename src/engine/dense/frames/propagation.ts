/** @file Labels carried from a first frame through those that follow, one at a time. */
import { normaliseRows } from '../../inference'
import { carryLabels, type CarryOptions, type LabelledFrame } from './carry-labels'

/** Source: dino/eval_video_segmentation.py, `--n_last_frames`. */
const lastFrames = 7

export interface Propagation {
  /**
   * @param tokens of the frame that follows, as the model gives them, float32 [patches, dim]
   * @returns float32 [classes, patches]
   * @throws EngineError RUNTIME; the signal's reason
   */
  next(tokens: Float32Array): Promise<Float32Array>
}

/**
 * Keeps the first frame and the last seven, with their labels as they came, soft: so much memory and no more.
 * Source: dino/eval_video_segmentation.py, `eval_video_tracking_davis`.
 * @param first its tokens as the model gives them, and its labels
 */
export function startPropagation(first: LabelledFrame, options: CarryOptions): Propagation {
  const { dim } = options
  const start = { tokens: normaliseRows(first.tokens, dim), soft: first.soft }
  const last: LabelledFrame[] = []
  return {
    next: async (given) => {
      const tokens = normaliseRows(given, dim)
      const soft = await carryLabels(tokens, [start, ...last], options)
      if (last.length === lastFrames) last.shift()
      last.push({ tokens, soft })
      return soft
    },
  }
}
