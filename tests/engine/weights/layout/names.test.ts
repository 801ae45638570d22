import { describe, expect, test } from 'vitest'
import { tensor, type Tensor } from '../../../../src/engine/tensor'
import type { Checkpoint, StateDict } from '../../../../src/engine/weights'
import { facebookName } from '../../../../src/engine/weights/layout/facebook'
import { detectHuggingFace, huggingFaceTarget } from '../../../../src/engine/weights/layout/hugging-face'
import { officialTensors } from '../../../../src/engine/weights/layout/official-tensors'
import { selectState } from '../../../../src/engine/weights/layout/select-state'
import { errorOf } from '../support/files'

function stateOf(tensors: Readonly<Record<string, Tensor>>): StateDict {
  return new Map(
    Object.entries(tensors).map(([name, value]) => [name, { dtype: value.dtype, shape: value.shape, read: () => Promise.resolve(value) }]),
  )
}
const one = tensor('float32', [1], new Float32Array([1]))

describe('official names', () => {
  test.each([
    ['cls_token', 'cls_token'],
    ['module.backbone.cls_token', 'cls_token'],
    ['backbone.blocks.11.norm1.weight', 'blocks.11.norm1.weight'],
    ['blocks.1.3.attn.qkv.weight', 'blocks.3.attn.qkv.weight'],
    ['module.backbone.blocks.3.39.mlp.w12.bias', 'blocks.39.mlp.w12.bias'],
    ['_orig_mod.norm.bias', 'norm.bias'],
    ['head.mlp.0.weight', 'head.mlp.0.weight'],
  ])('%s stands for %s', (name, official) => {
    expect(facebookName(name)).toBe(official)
  })
})

describe('Hugging Face names', () => {
  test.each([
    ['embeddings.cls_token', 'cls_token', undefined],
    ['dinov2.embeddings.position_embeddings', 'pos_embed', undefined],
    ['dinov2_with_registers.embeddings.register_tokens', 'register_tokens', undefined],
    ['vit.embeddings.patch_embeddings.projection.bias', 'patch_embed.proj.bias', undefined],
    ['encoder.layer.3.attention.attention.query.weight', 'blocks.3.attn.qkv.weight', 0],
    ['encoder.layer.3.attention.attention.key.bias', 'blocks.3.attn.qkv.bias', 1],
    ['encoder.layer.3.attention.attention.value.bias', 'blocks.3.attn.qkv.bias', 2],
    ['encoder.layer.3.attention.output.dense.weight', 'blocks.3.attn.proj.weight', undefined],
    ['encoder.layer.3.layernorm_before.weight', 'blocks.3.norm1.weight', undefined],
    ['encoder.layer.3.norm2.bias', 'blocks.3.norm2.bias', undefined],
    ['encoder.layer.3.intermediate.dense.weight', 'blocks.3.mlp.fc1.weight', undefined],
    ['encoder.layer.3.output.dense.weight', 'blocks.3.mlp.fc2.weight', undefined],
    ['encoder.layer.3.mlp.weights_out.bias', 'blocks.3.mlp.w3.bias', undefined],
    ['encoder.layer.3.layer_scale1.lambda1', 'blocks.3.ls1.gamma', undefined],
    ['layernorm.weight', 'norm.weight', undefined],
  ])('%s stands for %s', (name, official, part) => {
    expect(huggingFaceTarget(name)).toEqual({ name: official, part })
  })

  test.each([
    'classifier.weight',
    'pooler.dense.weight',
    'encoder.layer.3.layer_scale1.weight',
    'encoder.layer.3.norm1.lambda1',
    'encoder.layer.x.norm1.weight',
    'constructor',
  ])('%s stands for nothing', (name) => {
    expect(huggingFaceTarget(name)).toBeUndefined()
  })

  test.each([
    [['vit.embeddings.patch_embeddings.projection.weight', 'vit.encoder.layer.0.layernorm_before.weight'], 'vit'],
    [['embeddings.patch_embeddings.projection.weight', 'encoder.layer.0.norm1.weight'], 'dinov2'],
    [['embeddings.register_tokens', 'encoder.layer.0.norm1.weight'], 'dinov2_with_registers'],
    [['cls_token', 'blocks.0.norm1.weight'], undefined],
  ])('%j are those of %s', (names, model) => {
    expect(detectHuggingFace(names)).toBe(model)
  })
})

describe('tensors under official names', () => {
  const part = (value: number): Tensor => tensor('float32', [1, 2], new Float32Array([value, value]))
  const attention = 'encoder.layer.0.attention.attention'

  test('join query, key and value in this order, whatever the order in the file', async () => {
    const { tensors, unknown } = officialTensors(
      'm',
      stateOf({
        [`${attention}.value.weight`]: part(3),
        [`${attention}.query.weight`]: part(1),
        'classifier.bias': one,
        [`${attention}.key.weight`]: part(2),
      }),
    )
    const joined = tensors.get('blocks.0.attn.qkv.weight')
    expect(joined?.shape).toEqual([3, 2])
    expect(await joined?.read()).toEqual(tensor('float32', [3, 2], new Float32Array([1, 1, 2, 2, 3, 3])))
    expect(unknown).toEqual(['classifier.bias'])
  })

  test('leave out what is incomplete, so that it counts as missing', () => {
    const { tensors, unknown } = officialTensors('m', stateOf({ [`${attention}.query.weight`]: part(1), [`${attention}.value.weight`]: part(3) }))
    expect([...tensors.keys()]).toEqual([])
    expect(unknown).toEqual([`${attention}.query.weight`, `${attention}.value.weight`])
  })

  test.each([
    [
      'query and key of different shapes',
      { [`${attention}.query.weight`]: part(1), [`${attention}.key.weight`]: one, [`${attention}.value.weight`]: part(1) },
    ],
    ['two names for one tensor', { 'backbone.cls_token': one, cls_token: one }],
    ['two chunks with the same block', { 'blocks.0.1.norm1.bias': one, 'blocks.1.1.norm1.bias': one }],
    ['two Hugging Face names for one tensor', { 'encoder.layer.0.norm1.bias': one, 'vit.encoder.layer.0.norm1.bias': one }],
  ])('refuse %s', async (_what, tensors) => {
    expect(await errorOf(Promise.resolve().then(() => officialTensors('m', stateOf(tensors))))).toMatchObject({
      code: 'MODEL_KEYS',
      detail: { path: 'm' },
    })
  })
})

describe('the state dict of a checkpoint', () => {
  const groupOf = (...keys: readonly string[]): Checkpoint => ({
    format: 'pytorch',
    groups: new Map(keys.map((key) => [key, stateOf({ [`from ${key}`]: one })])),
    close: () => Promise.resolve(),
  })
  const found = (checkpoint: Checkpoint, wanted?: 'teacher' | 'student'): unknown => {
    const { key, state } = selectState('m', checkpoint, wanted)
    return { key, names: [...state.keys()] }
  }

  test.each([
    [['student', 'teacher', 'dino_loss'], undefined, 'teacher'],
    [['student', 'teacher'], 'student' as const, 'student'],
    [['', 'teacher'], undefined, 'teacher'],
    [['optimizer', 'model'], undefined, 'model'],
    [['optimizer', 'state_dict'], undefined, 'state_dict'],
    [['anything'], undefined, 'anything'],
  ])('of %j, asked for %s, is that of %s', (keys, wanted, key) => {
    expect(found(groupOf(...keys), wanted)).toEqual({ key, names: [`from ${key}`] })
  })

  test('of plain weights are the tensors at the top', () => {
    expect(found(groupOf(''))).toEqual({ key: undefined, names: ['from '] })
  })

  test('of a run that keeps both networks in one dict is split by prefix', () => {
    const model = stateOf({ 'student.backbone.cls_token': one, 'teacher.backbone.cls_token': one, 'dino_loss.center': one })
    const checkpoint: Checkpoint = { ...groupOf('optimizer'), groups: new Map([['model', model]]) }
    expect(found(checkpoint)).toEqual({ key: 'teacher', names: ['backbone.cls_token'] })
    expect(found(checkpoint, 'student')).toEqual({ key: 'student', names: ['backbone.cls_token'] })
  })

  test.each([
    [['optimizer', 'dino_loss'], undefined],
    [[''], 'student' as const],
    [[], undefined],
  ])('of %j, asked for %s, is missed by name', async (keys, wanted) => {
    expect(await errorOf(Promise.resolve().then(() => selectState('m', groupOf(...keys), wanted)))).toMatchObject({
      code: 'MODEL_KEYS',
      detail: { unexpected: keys },
    })
  })
})
