/** @file What distinguishes one vision transformer of the DINO families from another, and the parameters it therefore has. */
import type { ModelFamily } from '../contract'
import type { Shape } from '../tensor'

/** How position embeddings are resized to another grid. Source: spec of each family; see `position-embedding.ts`. */
export interface PositionInterpolation {
  /** Antialiased bicubic (a = -0.5), as DINOv2 with registers; otherwise Keys cubic with a = -0.75. */
  readonly antialias: boolean
  /** Added to the target size before the scale factor is computed: 0.1 in DINO and in DINOv2 without registers. */
  readonly offset: number
}

/** Everything the graph of a ViT depends on. Head dimension is dim / heads. */
export interface VitConfig {
  readonly family: ModelFamily
  readonly patchSize: number
  readonly dim: number
  readonly depth: number
  readonly heads: number
  readonly feedForward: 'mlp' | 'swiglu'
  /** Hidden width: of fc1 for an MLP, of each half of w12 for SwiGLU. */
  readonly hidden: number
  readonly registers: number
  readonly layerScale: boolean
  readonly maskToken: boolean
  /** Patches along one side of the learned (square) position embedding. */
  readonly positionGrid: number
  readonly positionInterpolation: PositionInterpolation
  readonly layerNormEps: number
}

export interface ParameterSpec {
  readonly name: string
  readonly shape: Shape
}

/** Kernel of DINO and of DINOv2 without registers. */
export const offsetInterpolation: PositionInterpolation = { antialias: false, offset: 0.1 }
/** Kernel of DINOv2 with registers. */
export const antialiasedInterpolation: PositionInterpolation = { antialias: true, offset: 0 }

/** Names and shapes of every parameter, in state-dict order, under the names of the official checkpoints (DINOv2 flat). */
export function vitParameters(config: VitConfig): ParameterSpec[] {
  const { dim, patchSize, hidden, registers, positionGrid } = config
  const linear = (name: string, rows: number, columns: number): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [rows, columns] },
    { name: `${name}.bias`, shape: [rows] },
  ]
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [dim] },
    { name: `${name}.bias`, shape: [dim] },
  ]
  const gamma = (name: string): ParameterSpec[] => (config.layerScale ? [{ name: `${name}.gamma`, shape: [dim] }] : [])
  const feedForward = (name: string): ParameterSpec[] =>
    config.feedForward === 'mlp'
      ? [...linear(`${name}.fc1`, hidden, dim), ...linear(`${name}.fc2`, dim, hidden)]
      : [...linear(`${name}.w12`, 2 * hidden, dim), ...linear(`${name}.w3`, dim, hidden)]
  const block = (index: number): ParameterSpec[] => {
    const name = `blocks.${index}`
    return [
      ...norm(`${name}.norm1`),
      ...linear(`${name}.attn.qkv`, 3 * dim, dim),
      ...linear(`${name}.attn.proj`, dim, dim),
      ...gamma(`${name}.ls1`),
      ...norm(`${name}.norm2`),
      ...feedForward(`${name}.mlp`),
      ...gamma(`${name}.ls2`),
    ]
  }
  return [
    { name: 'cls_token', shape: [1, 1, dim] },
    { name: 'pos_embed', shape: [1, 1 + positionGrid * positionGrid, dim] },
    ...(registers > 0 ? [{ name: 'register_tokens', shape: [1, registers, dim] }] : []),
    ...(config.maskToken ? [{ name: 'mask_token', shape: [1, dim] }] : []),
    { name: 'patch_embed.proj.weight', shape: [dim, 3, patchSize, patchSize] },
    { name: 'patch_embed.proj.bias', shape: [dim] },
    ...Array.from({ length: config.depth }, (_, index) => block(index)).flat(),
    ...norm('norm'),
  ]
}

/** SwiGLU hidden width for model width `dim`. Source: dinov2/layers/swiglu_ffn.py:66. */
export function swigluHidden(dim: number): number {
  return Math.floor((Math.floor((4 * dim * 2) / 3) + 7) / 8) * 8
}

const sizes = {
  ti: { dim: 192, depth: 12, heads: 3 },
  s: { dim: 384, depth: 12, heads: 6 },
  b: { dim: 768, depth: 12, heads: 12 },
  l: { dim: 1024, depth: 24, heads: 16 },
  g: { dim: 1536, depth: 40, heads: 24 },
} as const

/** DINO ViT-Ti/S/B at patch 8 or 16 (trained at 224 px). Source: dino/vision_transformer.py:236-254. */
export function dinoConfig(size: 'ti' | 's' | 'b', patchSize: number): VitConfig {
  return {
    family: 'dino',
    patchSize,
    ...sizes[size],
    feedForward: 'mlp',
    hidden: 4 * sizes[size].dim,
    registers: 0,
    layerScale: false,
    maskToken: false,
    positionGrid: Math.floor(224 / patchSize),
    positionInterpolation: offsetInterpolation,
    layerNormEps: 1e-6,
  }
}

/** DINOv2 ViT-S/B/L/g at patch 14 (grid of 518 px), with 0 or 4 registers. Source: dinov2/models/vision_transformer.py:341-397. */
export function dinov2Config(size: 's' | 'b' | 'l' | 'g', registers: 0 | 4 = 0): VitConfig {
  const { dim } = sizes[size]
  const swiglu = size === 'g'
  return {
    family: 'dinov2',
    patchSize: 14,
    ...sizes[size],
    feedForward: swiglu ? 'swiglu' : 'mlp',
    hidden: swiglu ? swigluHidden(dim) : 4 * dim,
    registers,
    layerScale: true,
    maskToken: true,
    positionGrid: 37,
    positionInterpolation: registers > 0 ? antialiasedInterpolation : offsetInterpolation,
    layerNormEps: 1e-6,
  }
}

/** `ViT-S/14 · 4 registers`, or the width and depth where the size has no letter. */
export function architectureName(config: VitConfig): string {
  const letter = Object.entries(sizes).find(([, size]) => size.dim === config.dim && size.depth === config.depth)?.[0]
  const size = letter === undefined ? `${config.dim}×${config.depth}` : letter === 'ti' ? 'Ti' : letter === 'g' ? 'g' : letter.toUpperCase()
  return `ViT-${size}/${config.patchSize}${config.registers > 0 ? ` · ${config.registers} registers` : ''}`
}
