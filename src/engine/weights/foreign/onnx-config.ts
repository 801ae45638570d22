/** @file How an ONNX graph of another maker is fed and read: what a ViT's configuration is to a ViT. */
import { z } from 'zod'
import type { ModelGives, OnnxForm } from '../../contract'
import { architectureName, type VitConfig } from '../../nn'

/** Everything that running a foreign graph depends on. Sizes are told as a ViT's are, so that what looks through models need not tell them apart. */
export interface OnnxConfig {
  readonly family: 'onnx'
  /** Of a graph that gives one vector, the edge of the whole picture. */
  readonly patchSize: number
  readonly dim: number
  /** Blocks whose attention it gives. */
  readonly depth: number
  /** Of each of these blocks. */
  readonly heads: number
  /** Tokens after the first and before the patches. */
  readonly registers: number
  /** Edge of the one square size that it takes, pixels; undefined where it takes any multiple of the patch. */
  readonly fixedSize?: number | undefined
  /** Whether it takes several pictures at once. */
  readonly batched: boolean
  readonly input: { readonly name: string; readonly channels: 'first' | 'last' }
  readonly output: { readonly name: string; readonly form: OnnxForm; readonly leadingTokens: number }
  /** Output of the vector that stands for CLS where there is no leading token; undefined for the mean of the patches. */
  readonly vector?: string | undefined
  /** Outputs with attention `[batch, heads, tokens, tokens]`, first block first. */
  readonly attention: readonly string[]
  /** Weights, each used about once for every token: what the time it takes is guessed from. */
  readonly weights: number
}

const count = z.int().nonnegative().max(2 ** 24)
const name = z.string().min(1).max(4096)

/** The form of an {@link OnnxConfig} in a model.json. */
export const onnxConfigSchema: z.ZodType<OnnxConfig> = z.object({
  family: z.literal('onnx'),
  patchSize: count.min(1),
  dim: count.min(1),
  depth: count.max(1000),
  heads: count,
  registers: count,
  fixedSize: count.min(1).optional(),
  batched: z.boolean(),
  input: z.object({ name, channels: z.enum(['first', 'last']) }),
  output: z.object({ name, form: z.enum(['tokens', 'map', 'map-last', 'vector']), leadingTokens: count }),
  vector: name.optional(),
  attention: z.array(name).max(1000),
  weights: z.int().nonnegative(),
})

/** The architecture of any model, for people: a ViT's name, or what is known of a graph that is not. */
export function architectureOf(config: VitConfig | OnnxConfig): string {
  if (config.family !== 'onnx') return architectureName(config)
  const { dim, patchSize, output } = config
  return output.form === 'vector' ? `${dim} wide · one vector` : `${dim} wide · patch ${patchSize}`
}

/** Edge of the one square size that a model takes, pixels; undefined where it takes any. */
export function fixedSizeOf(config: VitConfig | OnnxConfig): number | undefined {
  return config.family === 'onnx' ? config.fixedSize : undefined
}

/** What a model gives of a picture beside its vector. */
export function givesOf(config: VitConfig | OnnxConfig): ModelGives {
  if (config.family !== 'onnx') return { patches: true, attention: true, inside: true }
  return { patches: config.output.form !== 'vector', attention: config.depth > 0, inside: false }
}
