import { describe, expect, it } from 'vitest'
import { input } from '../../../src/engine/graph'
import { crossViewLoss } from '../../../src/engine/losses'
import { runGraph } from '../../helpers/run-graph'
import { derive, naiveLogSoftmax, naiveSoftmax, rowsOf, slopes, total } from '../../helpers/slopes'
import { float32, maxDifference, noise } from '../../helpers/tensors'

const batch = 3
const prototypes = 5
const temperature = 0.1

const crossEntropy = (target: readonly number[], scores: readonly number[]): number => {
  const logs = naiveLogSoftmax(scores.map((score) => score / temperature))
  return -total(target.map((probability, prototype) => probability * logs[prototype]!))
}

/** Mean over the batch's pictures of the cross-entropy of one student crop with one teacher crop. */
function pairLoss(student: readonly (readonly number[])[], targets: readonly (readonly number[])[], studentCrop: number, teacherCrop: number): number {
  const pictures = Array.from({ length: batch }, (_, picture) => crossEntropy(targets[teacherCrop * batch + picture]!, student[studentCrop * batch + picture]!))
  return total(pictures) / batch
}

/** DINO's own double loop over crops. */
function naiveDino(student: ArrayLike<number>, targets: ArrayLike<number>): number {
  const [ours, theirs] = [rowsOf(student, prototypes), rowsOf(targets, prototypes)]
  const pairs: number[] = []
  for (let teacherCrop = 0; teacherCrop < 2; teacherCrop++)
    for (let crop = 0; crop < ours.length / batch; crop++) if (crop !== teacherCrop) pairs.push(pairLoss(ours, theirs, crop, teacherCrop))
  return total(pairs) / pairs.length
}

/** DINOv2's two terms: all local crops with both teacher crops, and the global crops exchanged. */
function naiveDinov2(student: ArrayLike<number>, targets: ArrayLike<number>): { readonly global: number; readonly local: number } {
  const [ours, theirs] = [rowsOf(student, prototypes), rowsOf(targets, prototypes)]
  const locals = ours.length / batch - 2
  const terms = 2 + 2 * locals
  const local = Array.from({ length: locals }, (_, crop) => pairLoss(ours, theirs, 2 + crop, 0) + pairLoss(ours, theirs, 2 + crop, 1))
  return { global: ((pairLoss(ours, theirs, 0, 1) + pairLoss(ours, theirs, 1, 0)) / 2) * (2 / terms), local: total(local) / terms }
}

const targets = float32([2 * batch, prototypes], rowsOf(noise([2 * batch, prototypes], 1).data, prototypes).flatMap((row) => naiveSoftmax(row.map((score) => 2 * score))))

describe.each([0, 1, 2, 8])('the loss between crops, with %i local ones', (locals) => {
  const scores = noise([(2 + locals) * batch, prototypes], 10 + locals)
  const student = float32(scores.shape, Array.from(scores.data, (score) => 0.3 * score))
  const value = crossViewLoss(input('student', 'float32', student.shape), input('targets', 'float32', targets.shape), temperature, batch)

  it('is the mean over all pairs of different crops, and the sum of a global and a local part', async () => {
    const results = await runGraph({ total: value.total, global: value.global, local: value.local }, { student, targets })
    const found = ['total', 'global', 'local'].map((name) => Number(results[name]!.data[0]))
    const { global, local } = naiveDinov2(student.data, targets.data)
    expect(maxDifference(found, [naiveDino(student.data, targets.data), global, local])).toBeLessThan(2e-6)
    expect(Math.abs(found[0]! - found[1]! - found[2]!)).toBeLessThan(1e-6)
  })

  it('has the gradient of differences', async () => {
    const fed = input('student', 'float32', student.shape)
    const { total: loss } = crossViewLoss(fed, input('targets', 'float32', targets.shape), temperature, batch)
    const { gradients } = await derive(loss, [fed], { student, targets })
    expect(maxDifference(gradients[0]!, slopes(student.data, (values) => naiveDino(values, targets.data)))).toBeLessThan(1e-5)
  })
})
