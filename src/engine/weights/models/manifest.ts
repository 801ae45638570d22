/** @file The model.json of a model folder: its form, and reading and writing it. */
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, isEngineError } from '../../contract'
import { readRegularFile, saveFile } from '../../files'
import type { VitConfig } from '../../nn'
import { onnxConfigSchema, type OnnxConfig } from '../foreign/onnx-config'
import type { Preprocessing } from '../layout/config-file'

const kinds = ['fb-dino', 'fb-dinov2', 'hf-dinov2', 'hf-dinov2-with-registers', 'hf-vit', 'dinoscope', 'random', 'onnx'] as const
/** Layouts a model can come from. `dinoscope` is a model folder of our own, `random` weights that were drawn and never trained, `onnx` a graph of another maker. */
export type ModelKind = (typeof kinds)[number]

export interface ModelProvenance {
  /** Path of what was imported, or what made the weights. */
  readonly source: string
  readonly kind: ModelKind
  /** `teacher` or `student`, or the key the state dict had. */
  readonly checkpointKey?: string
  /** Names in the source that are no part of a backbone. */
  readonly unexpectedKeys: readonly string[]
  /** ISO 8601. */
  readonly importedAt: string
}

/** What every model folder says of itself. */
interface ManifestBase {
  readonly schema: 1
  readonly id: string
  readonly name: string
  /** Where the weights come from, in a sentence. */
  readonly description: string
  readonly trained: boolean
  readonly preprocessing: Preprocessing
  /** Number of weights. */
  readonly parameters: number
  readonly provenance: ModelProvenance
}

/** Of a vision transformer whose graph is DinoScope's own. */
export interface VitManifest extends ManifestBase {
  readonly config: VitConfig
  readonly weights: { readonly file: 'model.safetensors'; readonly sha256: string; readonly bytes: number }
}

/** Of an ONNX graph of another maker, which is run as it is. */
export interface OnnxManifest extends ManifestBase {
  readonly config: OnnxConfig
  /** `sha256` is over the files and over how they are read, `bytes` of all of them. */
  readonly weights: { readonly file: 'model.onnx'; readonly sha256: string; readonly bytes: number; readonly files: readonly ModelFile[] }
}

/** A file of a model folder as it was written. */
export interface ModelFile {
  readonly name: string
  readonly sha256: string
  readonly bytes: number
}

export type ModelManifest = VitManifest | OnnxManifest

export const manifestFile = 'model.json'
export const weightsFile = 'model.safetensors'
export const graphFile = 'model.onnx'

const maximumManifestBytes = 64 * 2 ** 20

const count = z
  .number()
  .int()
  .nonnegative()
  .max(2 ** 24)
const positive = count.min(1)
const triple = z.tuple([z.number(), z.number(), z.number()])

const configSchema = z.object({
  family: z.enum(['dino', 'dinov2']),
  patchSize: positive,
  dim: positive,
  depth: positive.max(1000),
  heads: positive,
  feedForward: z.enum(['mlp', 'swiglu']),
  hidden: positive,
  registers: count,
  layerScale: z.boolean(),
  maskToken: z.boolean(),
  positionGrid: positive,
  positionInterpolation: z.object({ antialias: z.boolean(), offset: z.number().min(0).max(1) }),
  layerNormEps: z.number().positive(),
})

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const baseSchema = z.object({
  schema: z.literal(1),
  id: z.string().min(1).max(200),
  name: z.string().min(1),
  description: z.string(),
  trained: z.boolean(),
  preprocessing: z.object({ shortEdge: positive, crop: positive, mean: triple, std: triple }),
  parameters: z.number().int().nonnegative(),
  provenance: z.object({
    source: z.string(),
    kind: z.enum(kinds),
    checkpointKey: z.string().optional(),
    unexpectedKeys: z.array(z.string()),
    importedAt: z.string(),
  }),
})

/** The form of the model.json of a vision transformer. */
export const vitManifestSchema = baseSchema.extend({
  config: configSchema.refine(({ dim, heads }) => dim % heads === 0, { message: 'dim is not a multiple of heads' }),
  weights: z.object({ file: z.literal(weightsFile), sha256: hash, bytes: z.number().int().positive() }),
})

const fileName = z.string().min(1).max(255).regex(/^[^/\\:]+$/)
const onnxManifestSchema = baseSchema.extend({
  config: onnxConfigSchema,
  weights: z.object({
    file: z.literal(graphFile),
    sha256: hash,
    bytes: z.number().int().positive(),
    files: z.array(z.object({ name: fileName, sha256: hash, bytes: z.number().int().nonnegative() })).min(1).max(1000),
  }),
})

/** By what the file says of its family, so that what is wrong is told of that form. */
function schemaFor(value: unknown): z.ZodType<ModelManifest> {
  const family = z.object({ config: z.object({ family: z.literal('onnx') }) })
  return family.safeParse(value).success ? onnxManifestSchema : vitManifestSchema
}

/**
 * Reads and validates the model.json of a folder.
 * @throws EngineError NOT_FOUND when the folder has none, MODEL_DAMAGED when it is not valid
 */
export async function readManifest(folder: string): Promise<ModelManifest> {
  const path = join(folder, manifestFile)
  const bytes = await readRegularFile(path, maximumManifestBytes).catch((cause: unknown) => {
    if (isEngineError(cause, 'SOURCE_UNAVAILABLE'))
      throw new EngineError('NOT_FOUND', `${folder} is not a model folder: it has no readable ${manifestFile}`, { detail: { path: folder }, cause })
    throw cause
  })
  const damaged = (what: string): EngineError =>
    new EngineError('MODEL_DAMAGED', `${path} is not a valid model description: ${what}`, { detail: { path } })
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw damaged('it is not JSON')
  }
  const result = schemaFor(value).safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw damaged(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

/** @throws EngineError DISK */
export async function writeManifest(folder: string, manifest: ModelManifest): Promise<void> {
  await saveFile(join(folder, manifestFile), `${JSON.stringify(manifest, undefined, 2)}\n`)
}
