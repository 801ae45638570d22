/** @file What a config.json or preprocessor_config.json beside the weights may say, in the forms that are known. */
import { z } from 'zod'
import { EngineError } from '../../contract'
import type { ModelFamily } from '../../contract'
import type { PositionInterpolation } from '../../nn'
import { antialiasedInterpolation, offsetInterpolation } from '../../nn'
import { printable } from '../bytes/printable'
import type { HuggingFaceModel } from './hugging-face'

/** What a config file claims; whatever it leaves open is inferred from the tensors. */
export interface ConfigClaims {
  readonly origin: 'hugging-face' | 'constructor'
  readonly huggingFace?: HuggingFaceModel
  readonly family?: ModelFamily
  readonly patchSize?: number
  readonly dim?: number
  readonly depth?: number
  readonly heads?: number
  readonly registers?: number
  readonly feedForward?: 'mlp' | 'swiglu'
  readonly positionInterpolation?: PositionInterpolation
  readonly layerNormEps?: number
}

/** How pictures are prepared before they reach the model; bicubic. */
export interface Preprocessing {
  /** Pixels of the short edge after the resize. */
  readonly shortEdge: number
  /** Pixels of the centred square that is cut out. */
  readonly crop: number
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

/** The evaluation protocol of DINO and DINOv2. */
export const defaultPreprocessing: Preprocessing = { shortEdge: 256, crop: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

const size = z.number().int().positive().max(65536).optional()
const depth = z.number().int().positive().max(1000).optional()
const eps = z.number().positive().max(1).optional()

/** Source: transformers, Dinov2Config, Dinov2WithRegistersConfig, ViTConfig. */
const huggingFaceConfig = z.object({
  model_type: z.enum(['dinov2', 'dinov2_with_registers', 'vit']),
  hidden_size: size,
  num_hidden_layers: depth,
  num_attention_heads: size,
  patch_size: size,
  num_register_tokens: z.number().int().nonnegative().max(1024).optional(),
  use_swiglu_ffn: z.boolean().optional(),
  hidden_act: z.string().optional(),
  layer_norm_eps: eps,
  interpolate_antialias: z.boolean().optional(),
  interpolate_offset: z.number().min(0).max(1).optional(),
})

/** The constructor arguments of the official DinoVisionTransformer. */
const constructorConfig = z.object({
  family: z.enum(['dino', 'dinov2']).optional(),
  patch_size: size,
  embed_dim: size,
  depth,
  num_heads: size,
  ffn_layer: z.enum(['mlp', 'swiglu', 'swiglufused']).optional(),
  num_register_tokens: z.number().int().nonnegative().max(1024).optional(),
  interpolate_antialias: z.boolean().optional(),
  interpolate_offset: z.number().min(0).max(1).optional(),
  layer_norm_eps: eps,
})

/**
 * Reads a config.json. A file of another kind is `undefined` when it merely lies beside the weights, and an error when
 * it describes the folder that was to be imported. One of a Hugging Face model beside weights in a Hugging Face layout
 * is theirs, so that its activation counts.
 * @throws EngineError MODEL_UNSUPPORTED
 */
export function parseConfigFile(path: string, text: string, describesWeights: boolean, layout?: HuggingFaceModel): ConfigClaims | undefined {
  const refuse = (what: string, isTheirs = describesWeights): ConfigClaims | undefined => {
    if (!isTheirs) return undefined
    throw new EngineError('MODEL_UNSUPPORTED', `${path} ${what}`, { detail: { path } })
  }
  const value = parseObject(text)
  if (value === undefined) return refuse('is not a JSON object')
  if ('model_type' in value) {
    const result = huggingFaceConfig.safeParse(value)
    if (!result.success) return refuse(`does not describe a Dinov2 or ViT model: ${issueOf(result.error, value)}`)
    const { hidden_act: activation } = result.data
    // Checked here because no tensor would tell: another activation has the same parameters.
    if (activation !== undefined && activation !== 'gelu') return refuse(`has hidden_act ${printable(activation)}; gelu was expected`, describesWeights || layout !== undefined)
    return fromHuggingFace(result.data)
  }
  if (!('num_heads' in value || 'embed_dim' in value || 'patch_size' in value))
    return refuse('has neither model_type nor the arguments of a vision transformer')
  const result = constructorConfig.safeParse(value)
  return result.success ? fromConstructor(result.data) : refuse(`does not describe a vision transformer: ${issueOf(result.error, value)}`)
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

function issueOf(error: z.ZodError, value: Readonly<Record<string, unknown>>): string {
  const [issue] = error.issues
  const field = String(issue?.path[0] ?? '')
  return `${field} is ${printable(JSON.stringify(value[field]) ?? 'absent')} (${issue?.message ?? 'invalid'})`
}

function fromHuggingFace(config: z.infer<typeof huggingFaceConfig>): ConfigClaims {
  const withRegisters = config.model_type === 'dinov2_with_registers'
  return {
    origin: 'hugging-face',
    huggingFace: config.model_type,
    family: config.model_type === 'vit' ? 'dino' : 'dinov2',
    patchSize: config.patch_size,
    dim: config.hidden_size,
    depth: config.num_hidden_layers,
    heads: config.num_attention_heads,
    registers: withRegisters ? config.num_register_tokens : undefined,
    feedForward: config.use_swiglu_ffn === undefined ? undefined : config.use_swiglu_ffn ? 'swiglu' : 'mlp',
    // Newer releases of transformers resize without the offset; the official kernel is what the weights were trained with.
    positionInterpolation: interpolation(
      config.interpolate_antialias,
      config.interpolate_offset,
      withRegisters ? antialiasedInterpolation : offsetInterpolation,
    ),
    layerNormEps: config.layer_norm_eps,
  }
}

function fromConstructor(config: z.infer<typeof constructorConfig>): ConfigClaims {
  const { interpolate_antialias: antialias, interpolate_offset: offset } = config
  return {
    origin: 'constructor',
    family: config.family,
    patchSize: config.patch_size,
    dim: config.embed_dim,
    depth: config.depth,
    heads: config.num_heads,
    registers: config.num_register_tokens,
    feedForward: config.ffn_layer === undefined ? undefined : config.ffn_layer === 'mlp' ? 'mlp' : 'swiglu',
    positionInterpolation: antialias === undefined && offset === undefined ? undefined : interpolation(antialias, offset, offsetInterpolation),
    layerNormEps: config.layer_norm_eps,
  }
}

function interpolation(antialias: boolean | undefined, offset: number | undefined, otherwise: PositionInterpolation): PositionInterpolation {
  return { antialias: antialias ?? otherwise.antialias, offset: offset ?? otherwise.offset }
}

const triple = z.tuple([z.number(), z.number(), z.number()])
const edge = z.number().int().min(1).max(8192)

/** The form with a resize of the short edge and a centre crop; the square stretch of ViT is not how DINO is evaluated. */
const preprocessorConfig = z.object({
  do_resize: z.literal(true).optional(),
  do_center_crop: z.literal(true),
  do_normalize: z.literal(true).optional(),
  size: z.object({ shortest_edge: edge }),
  crop_size: z.object({ height: edge, width: edge }),
  resample: z.literal(3).optional(),
  image_mean: triple,
  image_std: triple.refine((std) => std.every((value) => value > 0)),
})

/** The preprocessing a preprocessor_config.json describes; the default where it describes another kind. */
export function parsePreprocessor(text: string): Preprocessing {
  const result = preprocessorConfig.safeParse(parseObject(text))
  if (!result.success) return defaultPreprocessing
  const { size: resize, crop_size: crop, image_mean: mean, image_std: std } = result.data
  if (crop.height !== crop.width || crop.height > resize.shortest_edge) return defaultPreprocessing
  return { shortEdge: resize.shortest_edge, crop: crop.height, mean, std }
}
