/** @file Pieces of the probe: folds that keep pictures whole, fewer coordinates with the same products, weights at the minimum. */
import { describe, expect, it } from 'vitest'
import { fewRows } from '../../../../src/engine/dense/probe/few-rows'
import { foldsOf } from '../../../../src/engine/dense/probe/folds'
import { fitLogistic } from '../../../../src/engine/dense/probe/logistic'
import { nearestVote } from '../../../../src/engine/dense/probe/nearest-probe'
import { randomStreamAt } from '../../../../src/engine/tensor'

describe('foldsOf', () => {
  it('never has one picture on both sides, and gives every fold some of each class', () => {
    const groups = Int32Array.from({ length: 120 }, (_, index) => Math.floor(index / 4))
    const labels = groups.map((group) => group % 3)
    const { folds, foldOf } = foldsOf(labels, groups, 3)!
    expect(folds).toBe(5)
    expect(groups.every((group, index) => foldOf[index] === foldOf[4 * group])).toBe(true)
    for (let fold = 0; fold < folds; fold++) expect(new Set(labels.filter((_, index) => foldOf[index] === fold))).toEqual(new Set([0, 1, 2]))
  })

  it('tells nothing of a class that is in one picture alone', () => {
    expect(foldsOf(Int32Array.of(0, 0, 1, 1), Int32Array.of(0, 1, 2, 2), 2)).toBeUndefined()
  })
})

it('fewRows keeps all products', () => {
  const stream = randomStreamAt(1, 'probe', 0)
  const features = Float64Array.from({ length: 6 * 40 }, () => stream.normal())
  features.copyWithin(5 * 40, 0, 40)
  const { coordinates, rank } = fewRows(features, 40)
  const product = (values: Float64Array, dim: number, a: number, b: number): number => Array.from({ length: dim }, (_, column) => values[a * dim + column]! * values[b * dim + column]!).reduce((sum, value) => sum + value, 0)
  expect(rank).toBe(5)
  for (let a = 0; a < 6; a++) for (let b = 0; b < 6; b++) expect(product(coordinates, rank, a, b)).toBeCloseTo(product(features, 40, a, b), 9)
})

it('fitLogistic finds the minimum: of one number and two classes, where the slope is zero', async () => {
  const [features, labels, ridge] = [Float64Array.of(-2, -1, 0.5, -0.5, 1, 2), Int32Array.of(0, 0, 0, 1, 1, 1), 0.1]
  const [w0, b0, w1, b1] = await fitLogistic({ features, dim: 1, labels, classes: 2 }, Int32Array.from(labels.keys()), ridge, new AbortController().signal) as unknown as [number, number, number, number]
  let [slope, bias] = [ridge * w1, 0]
  features.forEach((x, index) => {
    const share = 1 / (1 + Math.exp(w0 * x + b0 - w1 * x - b1))
    slope += ((share - labels[index]!) * x) / 6
    bias += (share - labels[index]!) / 6
  })
  expect([Math.abs(slope) < 1e-5, Math.abs(bias) < 1e-5, w1 > 0.5]).toEqual([true, true, true])
})

it('nearestVote weighs by exp(cosine / 0.07)', () => {
  const { label, share } = nearestVote(Float32Array.of(0.9, 0.83, 0.83), Int32Array.of(0, 1, 1), 2)
  expect([label, share.toFixed(4)]).toEqual([0, (Math.E / (Math.E + 2)).toFixed(4)])
})
