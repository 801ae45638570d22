/** @file How outputs of foreign graphs are read, by the shapes that known models give. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { choicesOf, completeMapping, configOf, proposeMapping } from '../../../../src/engine/weights/foreign/choices'
import { statedNormalisation, usualNormalisation } from '../../../../src/engine/weights/foreign/normalisation'
import type { OnnxTrial, PictureInput, TriedOutput, TriedRun } from '../../../../src/engine/weights/foreign/trial'
import { temporaryFolder } from '../../../helpers/folders'

type Shapes = Readonly<Record<string, readonly number[]>>

function run(size: number, shapes: Shapes, distributions: readonly string[] = [], width = size, count = 1): TriedRun {
  const outputs = Object.entries(shapes).map(([name, shape]): TriedOutput => ({ name, dtype: 'float32', shape, isFinite: true, rowsSumToOne: distributions.includes(name) }))
  return { count, height: size, width, outputs }
}

const fixed = (size: number, shapes: Shapes, distributions?: readonly string[]): OnnxTrial => ({ square: run(size, shapes, distributions), wide: undefined, pair: undefined })
const free = (size: number, square: Shapes, wide: Shapes, distributions?: readonly string[]): OnnxTrial => ({ square: run(size, square, distributions), wide: run(size, wide, distributions, 2 * size), pair: undefined })
const imagenet = usualNormalisation('')
const input: PictureInput = { name: 'pixels', channels: 'first', count: undefined, size: undefined }

describe('an output', () => {
  it.each([
    ['ViT-B/16', 224, [1, 197, 768], 1, 16],
    ['ViT-B/16 without CLS', 224, [1, 196, 768], 0, 16],
    ['ViT-B/32 of CLIP', 224, [1, 50, 768], 1, 32],
    ['ViT-S/8', 224, [1, 785, 384], 1, 8],
    ['ViT-S/14', 224, [1, 257, 384], 1, 14],
    ['ViT-S/14 with registers', 224, [1, 261, 384], 5, 14],
    ['ViT-S/14 at its own size', 518, [1, 1370, 384], 1, 14],
    ['ViT-S/16 with registers', 224, [1, 201, 384], 5, 16],
    ['SigLIP at 384', 384, [1, 576, 1152], 0, 16],
    ['DeiT with its distillation token', 224, [1, 198, 192], 2, 16],
  ] as const)('of %s is tokens', (_model, size, shape, leadingTokens, patchSize) => {
    expect(choicesOf(fixed(size, { y: shape }))).toMatchObject([{ form: 'tokens', dim: shape[2], leadingTokens, patchSize, blocks: 0 }])
    // A second size leaves no guess.
    const wide = leadingTokens + 2 * (shape[1] - leadingTokens)
    expect(choicesOf(free(size, { y: shape }, { y: [1, wide, shape[2]] }))).toMatchObject([{ form: 'tokens', leadingTokens, patchSize }])
  })

  it.each([
    ['ConvNeXt’s last map', [1, 768, 7, 7], 'map', 768, 32],
    ['Swin’s last map', [1, 7, 7, 1024], 'map-last', 1024, 32],
    ['a pooled map', [1, 1000, 1, 1], 'vector', 1000, 224],
    ['a pooled token', [1, 1, 512], 'vector', 512, 224],
    ['a vector', [1, 512], 'vector', 512, 224],
  ] as const)('of %s is that', (_what, shape, form, dim, patchSize) => {
    expect(choicesOf(fixed(224, { y: shape }))).toMatchObject([{ form, dim, patchSize, leadingTokens: 0 }])
  })

  it.each([
    ['a map that does not grow with the picture', { y: [1, 8, 7, 7] }, { y: [1, 8, 7, 7] }],
    ['a map that grows the other way', { y: [1, 8, 7, 7] }, { y: [1, 8, 14, 7] }],
    ['tokens whose number does not grow', { y: [1, 197, 8] }, { y: [1, 197, 8] }],
    ['one number', { y: [1, 1] }, { y: [1, 1] }],
    ['a cube', { y: [1, 2, 3, 4, 5] }, { y: [1, 2, 3, 4, 5] }],
  ] as const)('that is %s is not looked through', (_what, square, wide) => {
    expect(choicesOf(free(224, square, wide))).toEqual([])
  })

  it('that is not finite, or of another type, is not looked through', () => {
    const { square } = fixed(224, { y: [1, 197, 8] })
    for (const change of [{ isFinite: false }, { dtype: 'float16' }]) expect(choicesOf({ square: { ...square, outputs: square.outputs.map((output) => ({ ...output, ...change })) }, wide: undefined, pair: undefined })).toEqual([])
  })
})

describe('attention', () => {
  const shapes = { y: [1, 197, 8], a0: [1, 3, 197, 197], a1: [1, 3, 197, 197], other: [1, 6, 197, 197], small: [1, 3, 49, 49] }
  it('is every output of tokens by tokens whose rows are distributions, with the heads of the first', () => {
    const trial = fixed(224, shapes, ['a0', 'a1', 'other', 'small'])
    expect(choicesOf(trial)).toMatchObject([{ output: 'y', blocks: 2, heads: 3 }])
    expect(configOf('m', input, trial, proposeMapping(choicesOf(trial), trial, imagenet), 1)).toMatchObject({ depth: 2, heads: 3, attention: ['a0', 'a1'] })
  })
  it('is none where rows are scores, or where there is no CLS to ask', () => {
    expect(choicesOf(fixed(224, shapes, ['small']))).toMatchObject([{ output: 'y', blocks: 0 }])
    expect(choicesOf(fixed(224, { y: [1, 196, 8], a: [1, 3, 196, 196] }, ['a']))).toMatchObject([{ leadingTokens: 0, blocks: 0 }])
  })
})

describe('a proposal', () => {
  it('prefers the last hidden state, then tokens with CLS, then tokens, maps, vectors', () => {
    const names = (shapes: Shapes): string => proposeMapping(choicesOf(fixed(224, shapes)), fixed(224, shapes), imagenet).output
    const [vector, map, plain, withCls, hidden] = [{ pooled: [1, 8] }, { map: [1, 8, 7, 7] }, { patches: [1, 196, 8] }, { tokens: [1, 197, 8] }, { last_hidden_state: [1, 196, 8] }]
    expect([{ ...vector }, { ...vector, ...map }, { ...vector, ...plain, ...map }, { ...withCls, ...plain }, { ...hidden, ...withCls }].map(names)).toEqual(['pooled', 'map', 'patches', 'tokens', 'last_hidden_state'])
  })
  it('takes the normalisation that the name tells, and what somebody wants otherwise', () => {
    const trial = fixed(224, { y: [1, 197, 8], pooled: [1, 8] })
    const choices = choicesOf(trial)
    expect(['siglip2.onnx', 'CLIP.onnx', 'dinov3.onnx'].map((name) => usualNormalisation(name).mean[0])).toEqual([0.5, 0.48145466, 0.485])
    expect(completeMapping(choices, trial, imagenet, { output: 'pooled', std: [1, 1, 1], mean: undefined })).toEqual({ output: 'pooled', leadingTokens: 0, mean: [0.485, 0.456, 0.406], std: [1, 1, 1], size: 224 })
  })
})

it('a preprocessor beside a file, or above it, says how pictures are normalised; what it says badly is left', async () => {
  const folder = await temporaryFolder({
    'beside/preprocessor_config.json': JSON.stringify({ image_mean: [0.1, 0.2, 0.3], image_std: [1, 2, 3] }),
    'model/preprocessor_config.json': JSON.stringify({ image_mean: [0.4, 0.4, 0.4], image_std: [1, 1, 1] }),
    'bad/preprocessor_config.json': JSON.stringify({ image_mean: [0.4, 0.4], image_std: [1, 0, 1] }),
  })
  const stated = await Promise.all(['beside/model.onnx', 'model/onnx/model.onnx', 'bad/model.onnx', 'none/model.onnx'].map((path) => statedNormalisation(join(folder, path))))
  expect(stated).toEqual([{ mean: [0.1, 0.2, 0.3], std: [1, 2, 3] }, { mean: [0.4, 0.4, 0.4], std: [1, 1, 1] }, undefined, undefined])
})

describe('a configuration', () => {
  it('has CLS from a vector of the same width where no token leads', () => {
    const trial = fixed(224, { y: [1, 196, 8], pooled: [1, 8], narrow: [1, 4] })
    expect(configOf('m', input, trial, proposeMapping(choicesOf(trial), trial, imagenet), 9)).toMatchObject({ vector: 'pooled', registers: 0, weights: 9, fixedSize: 224, batched: false })
  })
  it('runs several at once only where two gave two of the same', () => {
    const single = fixed(224, { y: [1, 197, 8] })
    const mapping = proposeMapping(choicesOf(single), single, imagenet)
    const pairs = [[2, 197, 8], [1, 197, 8], [2, 197, 4], [1, 394, 8]].map((shape) => configOf('m', input, { ...single, pair: run(224, { y: shape }, [], 224, 2) }, mapping, 1).batched)
    expect(pairs).toEqual([true, false, false, false])
  })
})
