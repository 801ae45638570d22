/** @file DINO's loss: each student view predicts the teacher's view of another crop of the same picture. */
import { scalar, type Value } from '../graph'
import { add, divide, logSoftmax, multiply, negate, reshape, slice, sumAll } from '../ops'

export interface CrossViewLoss {
  /** The mean over all 2 · (2 + locals) - 2 pairs, the two parts below. Scalars. */
  readonly total: Value
  readonly global: Value
  readonly local: Value
}

/** Rows `start…start + count` of `[rows, K]`. */
function rowsOf(x: Value, start: number, count: number): Value {
  return slice(x, 0, start, count)
}

/**
 * Mean over the pairs (teacher crop, other student crop) of the batch's mean cross-entropy.
 * @param student scores of all crops, crop-major `[(2 + locals) · batch, K]`, not yet divided by a temperature
 * @param targets of the two global crops, crop-major `[2 · batch, K]`, no gradient
 * Source: DINO (arXiv 2104.14294) eq. 2-3; dino/main_dino.py:380-404. DINOv2 splits the same mean into local and global
 * terms (dinov2/train/ssl_meta_arch.py:278-309).
 */
export function crossViewLoss(student: Value, targets: Value, studentTemperature: number, batch: number): CrossViewLoss {
  const [rows = 0, prototypes = 0] = student.shape
  const locals = Number(rows) / batch - 2
  const pairs = 2 * (2 + locals) - 2
  const logProbabilities = logSoftmax(divide(student, scalar(studentTemperature)))
  const first = rowsOf(targets, 0, batch)
  const second = rowsOf(targets, batch, batch)
  const perPair = (sum: Value): Value => multiply(negate(sum), scalar(1 / (pairs * batch)))
  const global = perPair(add(sumAll(multiply(rowsOf(logProbabilities, 0, batch), second)), sumAll(multiply(rowsOf(logProbabilities, batch, batch), first))))
  if (locals === 0) return { total: global, global, local: scalar(0) }
  const localRows = reshape(rowsOf(logProbabilities, 2 * batch, locals * batch), [locals, batch, prototypes])
  const local = perPair(sumAll(multiply(localRows, reshape(add(first, second), [1, batch, prototypes]))))
  return { total: add(global, local), global, local }
}
