/** @file Names of the Hugging Face conversions (Dinov2, Dinov2WithRegisters, ViT) against the official ones. */

export type HuggingFaceModel = 'dinov2' | 'dinov2_with_registers' | 'vit'

/** Where a tensor goes: the whole of an official tensor, or one third of it. */
export interface HuggingFaceTarget {
  readonly name: string
  /** Query, key and value are the rows 0:D, D:2D, 2D:3D of one official tensor. */
  readonly part: 0 | 1 | 2 | undefined
}

const modelPrefix = /^(dinov2_with_registers|dinov2|vit)\./
const layerName = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias|lambda1)$/
const queryKeyValue = /^attention\.attention\.(query|key|value)$/
const parts = { query: 0, key: 1, value: 2 } as const

/** Source: transformers, convert_dinov2_to_hf.py, convert_dinov2_with_registers_to_hf.py, vit/convert_dino_to_pytorch.py. */
const embeddings: ReadonlyMap<string, string> = new Map([
  ['embeddings.cls_token', 'cls_token'],
  ['embeddings.position_embeddings', 'pos_embed'],
  ['embeddings.mask_token', 'mask_token'],
  ['embeddings.register_tokens', 'register_tokens'],
  ['embeddings.patch_embeddings.projection.weight', 'patch_embed.proj.weight'],
  ['embeddings.patch_embeddings.projection.bias', 'patch_embed.proj.bias'],
  ['layernorm.weight', 'norm.weight'],
  ['layernorm.bias', 'norm.bias'],
])

const modules: ReadonlyMap<string, string> = new Map([
  ['norm1', 'norm1'],
  ['norm2', 'norm2'],
  ['layernorm_before', 'norm1'],
  ['layernorm_after', 'norm2'],
  ['attention.output.dense', 'attn.proj'],
  ['mlp.fc1', 'mlp.fc1'],
  ['mlp.fc2', 'mlp.fc2'],
  ['intermediate.dense', 'mlp.fc1'],
  ['output.dense', 'mlp.fc2'],
  ['mlp.weights_in', 'mlp.w12'],
  ['mlp.weights_out', 'mlp.w3'],
  ['layer_scale1', 'ls1'],
  ['layer_scale2', 'ls2'],
])

/** The official tensor a Hugging Face name stands for; undefined for heads, poolers and anything unknown. */
export function huggingFaceTarget(name: string): HuggingFaceTarget | undefined {
  const bare = name.replace(modelPrefix, '')
  const embedding = embeddings.get(bare)
  if (embedding !== undefined) return { name: embedding, part: undefined }
  const [, index, module = '', leaf = ''] = layerName.exec(bare) ?? []
  if (index === undefined) return undefined
  const role = queryKeyValue.exec(module)?.[1]
  if (role !== undefined && leaf !== 'lambda1') return { name: `blocks.${index}.attn.qkv.${leaf}`, part: parts[role as keyof typeof parts] }
  const official = modules.get(module)
  const isScale = official === 'ls1' || official === 'ls2'
  if (official === undefined || isScale !== (leaf === 'lambda1')) return undefined
  return { name: `blocks.${index}.${official}.${isScale ? 'gamma' : leaf}`, part: undefined }
}

/** Whether these names are a Hugging Face model's, and of which kind. */
export function detectHuggingFace(names: Iterable<string>): HuggingFaceModel | undefined {
  const bare = new Set(Array.from(names, (name) => name.replace(modelPrefix, '')))
  const all = [...bare]
  if (!bare.has('embeddings.patch_embeddings.projection.weight') && !all.some((name) => name.startsWith('encoder.layer.'))) return undefined
  if (bare.has('embeddings.register_tokens')) return 'dinov2_with_registers'
  return all.some((name) => name.endsWith('.layernorm_before.weight')) ? 'vit' : 'dinov2'
}
