import { describe, expect, it } from 'vitest'
import { input } from '../../../src/engine/graph'
import { maskedPatchLoss } from '../../../src/engine/losses'
import { derive, naiveLogSoftmax, naiveSoftmax, rowsOf, slopes, total } from '../../helpers/slopes'
import { float32, maxDifference, noise } from '../../helpers/tensors'

const prototypes = 4
const temperature = 0.1
/** Masked patches of each crop: two crops have none, and count all the same. */
const maskedIn = [3, 0, 1, 0]
const masked = total(maskedIn)
const padded = masked + 3

const small = (seed: number): number[] => Array.from(noise([padded, prototypes], seed).data, (score) => 0.3 * score)
const student = float32([padded, prototypes], small(1))
const targets = float32([padded, prototypes], rowsOf(small(2), prototypes).flatMap(naiveSoftmax))
const weights = float32([padded, 1], [...maskedIn.flatMap((count) => new Array<number>(count).fill(1 / count)), 0, 0, 0])

function naive(scores: readonly number[]): number {
  const rows = rowsOf(scores, prototypes)
  const wanted = rowsOf(targets.data, prototypes)
  let row = 0
  const perCrop = maskedIn.map((count) => {
    let sum = 0
    for (let patch = 0; patch < count; patch++, row++) {
      const logs = naiveLogSoftmax(rows[row]!.map((score) => score / temperature))
      sum -= total(logs.map((log, prototype) => log * wanted[row]![prototype]!)) / count
    }
    return sum
  })
  return total(perCrop) / maskedIn.length
}

describe('the loss of masked patches', () => {
  const fed = input('student', 'float32', student.shape)
  const loss = maskedPatchLoss(fed, input('targets', 'float32', targets.shape), input('weights', 'float32', weights.shape), temperature, maskedIn.length)

  it('is the mean over each crop’s masked patches, over all crops, and does not see padding', async () => {
    const found = await derive(loss, [fed], { student, targets, weights })
    expect(Math.abs(found.loss - naive(Array.from(student.data)))).toBeLessThan(2e-6)
  })

  it('has the gradient of differences, none of it in padding', async () => {
    const { gradients } = await derive(loss, [fed], { student, targets, weights })
    expect(maxDifference(gradients[0]!, slopes(student.data, naive))).toBeLessThan(1e-5)
    expect(gradients[0]!.slice(masked * prototypes).every((slope) => slope === 0)).toBe(true)
  })

  it('is 0 where no patch is masked', async () => {
    const { loss: nothing } = await derive(loss, [fed], { student, targets, weights: float32(weights.shape, new Array<number>(padded).fill(0)) })
    expect(nothing).toBeCloseTo(0, 12)
  })
})
