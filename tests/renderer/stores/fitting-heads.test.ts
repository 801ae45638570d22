/** @file Which heads belong to a model: by the length of its tokens and its blocks, those made for it first. */
import { describe, expect, it } from 'vitest'
import { layerCountFor, tokenLengthsOf, type HeadTraining } from '../../../src/engine/contract'
import { depthHeads, fittingHeads } from '../../../src/renderer/stores/fitting-heads'
import { fakeHead } from '../fake-dense'

const gives = { patches: true, attention: true, inside: true }
const model = { id: 'small', dim: 384, depth: 12, gives }
const trainedOn = (modelId: string): HeadTraining => ({ modelId, pictures: 4, validationPictures: 1, steps: 10, metrics: {} })

describe('a head', () => {
  it.each([
    ['linear over one layer, or four of a quarter', fakeHead({ dim: 384, layers: [11] }), [384, 96]],
    ['linear over four layers, or one of four times', fakeHead({ dim: 96, layers: [2, 5, 8, 11] }), [384, 96]],
    ['DPT', fakeHead({ architecture: 'dpt', dim: 384, layers: [2, 5, 8, 11] }), [384]],
    ['of our own', fakeHead({ architecture: 'bn-linear', kind: 'classes', dim: 384, training: trainedOn('small') }), [384]],
    ['whose channels are no four layers', fakeHead({ dim: 30 }), [30]],
  ])('%s says whose tokens it reads', (_what, head, lengths) => {
    expect(tokenLengthsOf(head)).toEqual(lengths)
  })

  it('reads so many layers of a model as its channels are, and none of a model with fewer', () => {
    const four = fakeHead({ dim: 384, layers: [2, 5, 8, 11] })
    expect([layerCountFor(four, model), layerCountFor(four, { ...model, dim: 1536 }), layerCountFor(four, { ...model, depth: 3 }), layerCountFor(four, { ...model, dim: 192 })]).toEqual([4, 1, undefined, undefined])
  })

  it('reads the last normed tokens alone of a graph of another maker, and none of one that gives no patches', () => {
    // Attention of three blocks is given with them, and their tokens are not.
    const foreign = { ...model, depth: 3, gives: { ...gives, inside: false } }
    const [own, classes, depth] = [fakeHead({ architecture: 'regression', dim: 384 }), fakeHead({ kind: 'classes', architecture: 'bn-linear', dim: 96, layers: [2, 5, 8, 11] }), fakeHead({ dim: 384 })]
    expect([own, classes, depth].map((head) => layerCountFor(head, foreign))).toEqual([1, 1, undefined])
    expect(layerCountFor(own, { ...foreign, depth: 0 })).toBe(1)
    expect(layerCountFor(own, { ...foreign, gives: { ...foreign.gives, patches: false } })).toBeUndefined()
  })
})

it('gives the heads that fit, one that was trained on the model first, one that might be another’s last', () => {
  const heads = [
    fakeHead({ headId: 'large', dim: 1024 }),
    fakeHead({ headId: 'another', dim: 384, architecture: 'regression', training: trainedOn('other') }),
    fakeHead({ headId: 'by channels', dim: 1536, layers: [39] }),
    fakeHead({ headId: 'official', dim: 384 }),
    fakeHead({ headId: 'things', kind: 'classes', architecture: 'bn-linear', dim: 384 }),
    fakeHead({ headId: 'own', dim: 384, architecture: 'regression', training: trainedOn('small') }),
  ]
  expect(fittingHeads(heads, model).map(({ headId }) => headId)).toEqual(['own', 'official', 'things', 'another', 'by channels'])
  expect(depthHeads(heads, model).map(({ headId }) => headId)).toEqual(['own', 'official', 'another', 'by channels'])
  expect(fittingHeads(heads, undefined)).toEqual([])
})
