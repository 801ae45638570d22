/** @file What the numbers of a comparison are said to mean, and the same seen from the other side. */
import { describe, expect, it } from 'vitest'
import type { ModelComparison } from '../../../src/engine/contract'
import { figuresOf, flipped, verdictText } from '../../../src/renderer/services/comparison-text'

const comparison = (over: Partial<ModelComparison> = {}): ModelComparison => ({
  comparisonId: 'c1', modelA: 'one', modelB: 'two', pooling: 'cls', k: 10, rows: Uint32Array.of(0, 1, 2, 3), of: 4,
  cka: 0.8312, ckaByChance: 0.1, overlap: 0.64, overlapByChance: 0.02, overlaps: Float32Array.of(1, 1, 0.5, 0.06), gaps: new Float32Array(4), changed: Uint32Array.of(3, 2, 0, 1),
  accuracy: undefined, maxAbsDiff: undefined, identical: undefined, skipped: [], ...over,
})
const accuracy = { k: 20, classes: 4, pictures: 96, a: 0.71, b: 0.84, largestClass: 0.25 }

describe('the figures', () => {
  it('say what they would be for nothing, and who names folders better', () => {
    expect(figuresOf(comparison({ accuracy }))).toEqual([
      { id: 'cka', name: 'Linear CKA', value: '0.831', meaning: '1 is the same layout of all pictures, turned or scaled; shuffled pictures would give 0.10.' },
      { id: 'overlap', name: 'Neighbours kept', value: '64 %', meaning: 'Of the 10 nearest of a picture, 6.4 are nearest by both; chance would give 2.0 %.' },
      { id: 'accuracy', name: 'k-NN accuracy', value: '71 % → 84 %', meaning: 'B names the folder of 12 pictures of 96 more right, by the 20 nearest others; 4 folders, the largest alone 25 %.' },
    ])
    expect(figuresOf(flipped(comparison({ accuracy })))[2]).toMatchObject({ value: '84 % → 71 %', meaning: expect.stringMatching(/^A names the folder of 12 pictures/) as string })
    expect(figuresOf(comparison({ accuracy: { ...accuracy, b: 0.711 } }))[2]?.meaning).toMatch(/^Both name as many folders right/)
  })

  it('do without a layout, and with one neighbour', () => {
    expect(figuresOf(comparison({ cka: undefined, ckaByChance: undefined, k: 1 })).map(({ value, meaning }) => [value, meaning])).toEqual([
      ['–', 'One of the models gives every picture the same vector, so there is no layout to compare.'],
      ['64 %', 'The nearest picture is the same by both this often; chance would give 2.0 %.'],
    ])
  })
})

describe('the verdict', () => {
  it.each<readonly [Partial<ModelComparison>, string]>([
    [{ identical: { maxAbsDiff: 0, sameWeights: true }, cka: 1, overlap: 1 }, 'The same model: the same weights, and the same vectors to the bit.'],
    [{ identical: { maxAbsDiff: 3.2e-6, sameWeights: false }, cka: 1, overlap: 1 }, 'The same model: vectors that differ by at most 3.2e-6.'],
    [{ cka: 0.97, overlap: 0.85 }, 'Two models that see these pictures nearly alike.'],
    [{ cka: 0.9, overlap: 0.85 }, 'Two models that agree on most of what is near a picture, and differ in some of it.'],
    [{ cka: 0.97, overlap: 0.4 }, 'Two models that agree in part: some of what is near a picture is the same by both.'],
    // Most of it is chance.
    [{ cka: 0.97, overlap: 0.5, overlapByChance: 0.43 }, 'Two models that put most pictures beside different ones.'],
    [{ cka: 0.4, overlap: 0.15 }, 'Two models that put most pictures beside different ones.'],
  ])('of %j', (over, words) => {
    expect(verdictText(comparison(over))).toBe(words)
  })
})
