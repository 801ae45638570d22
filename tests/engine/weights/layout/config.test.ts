import { describe, expect, test } from 'vitest'
import { antialiasedInterpolation, dinoConfig, dinov2Config, offsetInterpolation, vitParameters, type VitConfig } from '../../../../src/engine/nn'
import type { Tensor } from '../../../../src/engine/tensor'
import type { StateDict } from '../../../../src/engine/weights'
import { defaultPreprocessing, parseConfigFile, parsePreprocessor } from '../../../../src/engine/weights/layout/config-file'
import { inferConfig } from '../../../../src/engine/weights/layout/infer-config'
import { matchParameters } from '../../../../src/engine/weights/layout/match-parameters'
import { errorOf } from '../support/files'

/** The shapes of a model, without its weights. */
function shapesOf(config: VitConfig): Map<string, { dtype: 'float32'; shape: readonly number[]; read(): Promise<Tensor> }> {
  return new Map(
    vitParameters(config).map(({ name, shape }) => [name, { dtype: 'float32', shape, read: () => Promise.reject(new Error('not to be read')) }]),
  )
}
const official = (tensors: StateDict): Parameters<typeof matchParameters>[2] => ({
  huggingFace: undefined,
  tensors,
  sourceNames: new Map(),
  unknown: [],
})

describe('the configuration is read off the shapes', () => {
  const everyOfficialSize: readonly VitConfig[] = [
    ...(['ti', 's', 'b'] as const).flatMap((size) => [dinoConfig(size, 8), dinoConfig(size, 16)]),
    ...(['s', 'b', 'l', 'g'] as const).flatMap((size) => [dinov2Config(size), dinov2Config(size, 4)]),
  ]
  test.each(
    everyOfficialSize.map((config) => ({ config, name: `${config.family} ${config.dim}×${config.depth} /${config.patchSize} +${config.registers}` })),
  )('$name', ({ config }) => {
    expect(inferConfig('m', shapesOf(config), undefined)).toEqual(config)
  })

  test('unless a config file says what shapes cannot tell', () => {
    const config = dinoConfig('s', 16)
    const claims = { origin: 'constructor', heads: 12, layerNormEps: 1e-12, positionInterpolation: antialiasedInterpolation } as const
    expect(inferConfig('m', shapesOf(config), claims)).toEqual({
      ...config,
      heads: 12,
      layerNormEps: 1e-12,
      positionInterpolation: antialiasedInterpolation,
    })
  })

  test.each([
    ['channels that are not heads of 64', { ...dinoConfig('ti', 16), dim: 100 }, undefined],
    ['channels that the claimed heads do not divide', dinoConfig('ti', 16), { origin: 'constructor', heads: 5 } as const],
  ])('and refused for %s', async (_what, config, claims) => {
    expect(await errorOf(Promise.resolve().then(() => inferConfig('m', shapesOf(config), claims)))).toMatchObject({ code: 'MODEL_UNSUPPORTED' })
  })
})

describe('parameters', () => {
  const config = dinoConfig('ti', 16)

  test('are matched in the order of the configuration, with extras listed', () => {
    const tensors = new Map([
      ['head.weight', { dtype: 'float32' as const, shape: [1], read: () => Promise.reject(new Error()) }],
      ...shapesOf(config),
    ])
    const { parameters, unexpected } = matchParameters('m', config, official(tensors))
    expect(parameters.map(({ name, shape }) => ({ name, shape }))).toEqual(vitParameters(config))
    expect(unexpected).toEqual(['head.weight'])
  })

  test('that are missing, extra or of another shape are all listed', async () => {
    const tensors = shapesOf(config)
    for (let block = 0; block < 12; block++) tensors.delete(`blocks.${block}.norm1.bias`)
    const conv = tensors.get('patch_embed.proj.bias')
    if (conv === undefined) expect.fail('patch_embed.proj.bias')
    tensors.set('norm.weight', { ...conv, shape: [193] })
    tensors.set('extra', conv)
    const { code, message, detail } = await errorOf(
      Promise.resolve().then(() => matchParameters('m', inferConfig('m', tensors, undefined), official(tensors))),
    )
    expect(code).toBe('MODEL_KEYS')
    expect(detail).toEqual({
      path: 'm',
      missing: Array.from({ length: 12 }, (_, block) => `blocks.${block}.norm1.bias`),
      unexpected: ['extra'],
      wrongShape: [{ name: 'norm.weight', found: [193], expected: [192] }],
    })
    expect(message).toContain('12 missing')
    expect(message).toContain('norm.weight [193] instead of [192]')
  })

  test.each(['cls_token', 'pos_embed', 'patch_embed.proj.weight', 'norm.weight', 'blocks.11.mlp.fc2.weight'])(
    'are reported even when %s, which tells a size, is missing',
    async (name) => {
      const tensors = shapesOf(config)
      tensors.delete(name)
      const { detail } = await errorOf(Promise.resolve().then(() => matchParameters('m', inferConfig('m', tensors, undefined), official(tensors))))
      expect(detail).toMatchObject({ missing: [name] })
    },
  )

  test('of a model that is not a ViT are missed, and its own listed', async () => {
    const tensors: StateDict = new Map(
      ['conv1.weight', 'layer1.0.bn1.bias'].map((name) => [name, { dtype: 'float32', shape: [64], read: () => Promise.reject(new Error()) }]),
    )
    const { code, detail } = await errorOf(
      Promise.resolve().then(() => matchParameters('m', inferConfig('m', tensors, undefined), official(tensors))),
    )
    expect(code).toBe('MODEL_KEYS')
    expect(detail).toMatchObject({
      unexpected: ['conv1.weight', 'layer1.0.bn1.bias'],
      missing: expect.arrayContaining(['cls_token', 'blocks.0.attn.qkv.weight']) as unknown,
    })
  })
})

describe('config.json', () => {
  const huggingFace = {
    model_type: 'dinov2',
    hidden_size: 384,
    num_hidden_layers: 12,
    num_attention_heads: 6,
    patch_size: 14,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-6,
    use_swiglu_ffn: false,
    image_size: 518,
  }

  test.each([
    [
      'Hugging Face dinov2, with the kernel of the official code',
      huggingFace,
      {
        huggingFace: 'dinov2',
        family: 'dinov2',
        feedForward: 'mlp',
        positionInterpolation: offsetInterpolation,
        registers: undefined,
        layerNormEps: 1e-6,
      },
    ],
    [
      'Hugging Face dinov2 with registers',
      { ...huggingFace, model_type: 'dinov2_with_registers', num_register_tokens: 4, use_swiglu_ffn: true },
      {
        huggingFace: 'dinov2_with_registers',
        family: 'dinov2',
        feedForward: 'swiglu',
        positionInterpolation: antialiasedInterpolation,
        registers: 4,
        layerNormEps: 1e-6,
      },
    ],
    [
      'Hugging Face ViT',
      { ...huggingFace, model_type: 'vit', use_swiglu_ffn: undefined, layer_norm_eps: 1e-12 },
      {
        huggingFace: 'vit',
        family: 'dino',
        feedForward: undefined,
        positionInterpolation: offsetInterpolation,
        registers: undefined,
        layerNormEps: 1e-12,
      },
    ],
  ])('of %s', (_what, config, expected) => {
    expect(parseConfigFile('config.json', JSON.stringify(config), true)).toEqual({
      origin: 'hugging-face',
      dim: 384,
      depth: 12,
      heads: 6,
      patchSize: 14,
      ...expected,
    })
  })

  test.each([70, [70], [70, 70], undefined])('of constructor arguments, with img_size %j', (size) => {
    const config = {
      family: 'dinov2',
      img_size: size,
      patch_size: 14,
      embed_dim: 64,
      depth: 4,
      num_heads: 1,
      ffn_layer: 'swiglufused',
      block_chunks: 2,
      num_register_tokens: 4,
      interpolate_antialias: true,
      interpolate_offset: 0.0,
    }
    expect(parseConfigFile('config.json', JSON.stringify(config), true)).toEqual({
      origin: 'constructor',
      family: 'dinov2',
      patchSize: 14,
      dim: 64,
      depth: 4,
      heads: 1,
      registers: 4,
      feedForward: 'swiglu',
      positionInterpolation: antialiasedInterpolation,
      layerNormEps: undefined,
    })
  })

  const foreign: readonly (readonly [string, string])[] = [
    ['of another model', JSON.stringify({ model_type: 'bert', hidden_size: 768 })],
    ['of no model', JSON.stringify({ editor: { tabSize: 2 } })],
    ['that is a list', '[]'],
    ['that is not JSON', '{'],
    ['with heads that are no number', JSON.stringify({ ...huggingFace, num_attention_heads: '6' })],
    ['with negative heads', JSON.stringify({ num_heads: -2 })],
    ['with another activation, which the weights would not tell', JSON.stringify({ ...huggingFace, hidden_act: 'relu' })],
    ['with an absurd depth', JSON.stringify({ num_heads: 2, depth: 1e9 })],
  ]
  test.each(foreign)('%s is refused when its folder is imported, and ignored when it lies beside a file', async (_what, text) => {
    expect(await errorOf(Promise.resolve().then(() => parseConfigFile('config.json', text, true)))).toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      detail: { path: 'config.json' },
    })
    expect(parseConfigFile('config.json', text, false)).toBeUndefined()
  })
})

describe('preprocessor_config.json', () => {
  const bit = {
    do_resize: true,
    size: { shortest_edge: 280 },
    resample: 3,
    do_center_crop: true,
    crop_size: { height: 266, width: 266 },
    do_normalize: true,
    image_mean: [0.1, 0.2, 0.3],
    image_std: [0.4, 0.5, 0.6],
  }

  test('with a resize of the short edge and a centre crop is taken', () => {
    expect(parsePreprocessor(JSON.stringify(bit))).toEqual({ shortEdge: 280, crop: 266, mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] })
  })

  test.each([
    ['stretches to a square', { ...bit, size: { height: 224, width: 224 }, do_center_crop: undefined, resample: 2 }],
    ['resizes bilinearly', { ...bit, resample: 2 }],
    ['crops to a rectangle', { ...bit, crop_size: { height: 224, width: 200 } }],
    ['crops more than there is', { ...bit, crop_size: { height: 300, width: 300 } }],
    ['divides by zero', { ...bit, image_std: [0, 1, 1] }],
    ['is empty', {}],
  ])('that %s gives the default', (_what, config) => {
    expect(parsePreprocessor(JSON.stringify(config))).toEqual(defaultPreprocessing)
  })
})
