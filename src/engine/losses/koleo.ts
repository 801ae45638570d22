/** @file KoLeo's loss: spreads the features of a batch by pushing each away from its nearest neighbour. */
import { constant, scalar, type Value } from '../graph'
import { add, argMax, divide, gather, gemm, log, mean, multiply, negate, sqrt, subtract, sumSquares } from '../ops'

const epsilon = 1e-8

/**
 * -mean log ‖x - x_nearest‖ over rows `[rows, dim]`, normalised first; gradients flow through both. Identical rows stay
 * finite: their distance is ε·√dim, and what two of them do to each other cancels. A single row is its own neighbour and
 * gets no gradient.
 * Source: DINOv2 (arXiv 2304.07193) §4 after Sablayrolles et al.; dinov2/loss/koleo_loss.py.
 */
export function koleoLoss(features: Value): Value {
  const rows = Number(features.shape[0])
  const norm = sqrt(add(sumSquares(features, 1, true), scalar(epsilon ** 2)))
  const normalized = divide(features, norm)
  // A feature is not its own neighbour: the diagonal is set to -1, the smallest cosine.
  const itself = identity(rows)
  const cosines = gemm(normalized, normalized, false, true)
  const others = subtract(multiply(cosines, subtract(scalar(1), itself)), itself)
  // One row may be the nearest of many: a product with rows of the identity adds up their gradients in a fixed order,
  // which the gradient of a gather does not.
  const nearest = gemm(gather(itself, argMax(others, 1), 0), normalized, false, false)
  const offset = add(subtract(normalized, nearest), scalar(epsilon))
  const distance = sqrt(sumSquares(offset, 1))
  return negate(mean(log(add(distance, scalar(epsilon))), 0))
}

function identity(size: number): Value {
  const data = new Float32Array(size * size)
  for (let row = 0; row < size; row++) data[row * size + row] = 1
  return constant({ dtype: 'float32', shape: [size, size], data })
}
