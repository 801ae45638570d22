/** @file iBOT's loss: the student predicts the teacher's patch tokens where it saw only the mask token. */
import { scalar, type Value } from '../graph'
import { divide, logSoftmax, multiply, negate, sum, sumAll } from '../ops'

/**
 * -Σ over masked patches of (Σ_k target · log softmax(student / τ)) / masked patches of that crop, over the number of crops.
 * @param student, targets `[masked, K]`; targets carry no gradient
 * @param weights `[masked, 1]`: 1 / masked patches of the crop; 0 for padding
 * @param crops number of global crops of the batch, those without masks included
 * Source: iBOT (arXiv 2111.07832) eq. 2; dinov2/loss/ibot_patch_loss.py:105-126.
 */
export function maskedPatchLoss(student: Value, targets: Value, weights: Value, studentTemperature: number, crops: number): Value {
  const agreement = sum(multiply(logSoftmax(divide(student, scalar(studentTemperature))), targets), 1, true)
  return multiply(negate(sumAll(multiply(agreement, weights))), scalar(1 / crops))
}
