/** @file What the student is to predict: the teacher's scores, centred and sharpened, or balanced by Sinkhorn-Knopp. */
import { scalar, type Value } from '../graph'
import { add, divide, exp, mean, multiply, softmax, subtract, sum, sumAll } from '../ops'

/**
 * softmax((scores - centre) / τ): rows `[rows, K]`, centre `[1, K]`, temperature a scalar.
 * Source: DINO (arXiv 2104.14294) §3.1; dino/main_dino.py:388-392.
 */
export function centredTargets(scores: Value, centre: Value, temperature: Value): Value {
  return softmax(divide(subtract(scores, centre), temperature))
}

/**
 * Keeps 0 / 0 from arising where no row counts at all. Near the smallest normal float32, since a prototype that lies
 * opposite to a whole batch has e^(-2 / 0.04) of the mass or less, and is to be used like any other.
 */
const tiny = 1e-37

/**
 * The mean of the rows that count, `[1, K]`, which the centre follows; zeros where none counts. `weights` `[rows, 1]` is 1
 * for a row that counts; left out, all do. Source: dino/main_dino.py:407-416.
 */
export function meanScores(scores: Value, weights?: Value): Value {
  return weights === undefined ? mean(scores, 0, true) : divide(sum(multiply(scores, weights), 0, true), add(sumAll(weights), scalar(tiny)))
}

const iterations = 3

/**
 * Targets whose prototypes are all used equally over the batch; rows `[rows, K]`. `weights` `[rows, 1]` is 1 for rows
 * that count and 0 for padding, whose targets become 0.
 * Source: SwAV's algorithm as in dinov2/loss/dino_clstoken_loss.py:35-61; Q there is transposed.
 */
export function sinkhornTargets(scores: Value, temperature: Value, weights?: Value): Value {
  const [rows = 0, prototypes = 0] = scores.shape
  const raw = exp(divide(scores, temperature))
  const counted = weights === undefined ? raw : multiply(raw, weights)
  const count = weights === undefined ? scalar(Number(rows)) : sumAll(weights)
  let q = divide(counted, add(sumAll(counted), scalar(tiny)))
  for (let iteration = 0; iteration < iterations; iteration++) {
    q = divide(divide(q, add(sum(q, 0, true), scalar(tiny))), scalar(Number(prototypes)))
    // A padded row sums to 0; adding 1 there keeps it 0 and changes no other.
    const perRow = sum(q, 1, true)
    const divisor = weights === undefined ? perRow : add(perRow, subtract(scalar(1), weights))
    q = divide(divide(q, divisor), add(count, scalar(tiny)))
  }
  return multiply(q, count)
}
