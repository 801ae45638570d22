/** @file The same weights under the names of other layouts. */
import { elementCount, tensor, type DTypeArrays, type Tensor } from '../../../../src/engine/tensor'
import type { HuggingFaceModel } from '../../../../src/engine/weights/layout/hugging-face'

export type Tensors = ReadonlyMap<string, Tensor>

/** `blocks.i.` becomes `blocks.c.i.`, with the blocks dealt to `chunks` chunks. Source: dinov2/models/vision_transformer.py:154-161. */
export function chunked(tensors: Tensors, depth: number, chunks: number): Map<string, Tensor> {
  const perChunk = depth / chunks
  return renamed(tensors, (name) =>
    name.replace(/^blocks\.(\d+)\./, (_, index: string) => `blocks.${Math.floor(Number(index) / perChunk)}.${index}.`),
  )
}

export function renamed(tensors: Tensors, rename: (name: string) => string): Map<string, Tensor> {
  return new Map(Array.from(tensors, ([name, value]) => [rename(name), value]))
}

/** The layout of a Hugging Face conversion. */
export function huggingFace(tensors: Tensors, model: HuggingFaceModel, prefix = ''): Map<string, Tensor> {
  const entries = Array.from(tensors).flatMap(([name, value]) =>
    name.includes('.attn.qkv.') ? splitQkv(name, value) : [[huggingFaceName(name, model), value] as const],
  )
  return new Map(entries.map(([name, value]) => [`${prefix}${name}`, value]))
}

function splitQkv(name: string, { dtype, shape, data }: Tensor): (readonly [string, Tensor])[] {
  const [rows = 0, ...rest] = shape
  const part: readonly number[] = [rows / 3, ...rest]
  const count = elementCount(part)
  const target = name.replace(/^blocks\.(\d+)\.attn\.qkv\./, 'encoder.layer.$1.attention.attention.ROLE.')
  return ['query', 'key', 'value'].map((role, index) => [
    target.replace('ROLE', role),
    tensor(dtype, part, data.slice(index * count, (index + 1) * count) as DTypeArrays[typeof dtype]),
  ])
}

function huggingFaceName(name: string, model: HuggingFaceModel): string {
  const top: Record<string, string> = {
    cls_token: 'embeddings.cls_token',
    pos_embed: 'embeddings.position_embeddings',
    mask_token: 'embeddings.mask_token',
    register_tokens: 'embeddings.register_tokens',
    'patch_embed.proj.weight': 'embeddings.patch_embeddings.projection.weight',
    'patch_embed.proj.bias': 'embeddings.patch_embeddings.projection.bias',
    'norm.weight': 'layernorm.weight',
    'norm.bias': 'layernorm.bias',
  }
  const vit: readonly [string, string][] = [
    ['.norm1.', '.layernorm_before.'],
    ['.norm2.', '.layernorm_after.'],
    ['.mlp.fc1.', '.intermediate.dense.'],
    ['.mlp.fc2.', '.output.dense.'],
  ]
  const dinov2: readonly [string, string][] = [
    ['.mlp.w12.', '.mlp.weights_in.'],
    ['.mlp.w3.', '.mlp.weights_out.'],
    ['.ls1.gamma', '.layer_scale1.lambda1'],
    ['.ls2.gamma', '.layer_scale2.lambda1'],
  ]
  const pairs: readonly [string, string][] = [
    ['blocks.', 'encoder.layer.'],
    ['.attn.proj.', '.attention.output.dense.'],
    ...(model === 'vit' ? vit : dinov2),
  ]
  return top[name] ?? pairs.reduce((text, [from, to]) => text.replace(from, to), name)
}
