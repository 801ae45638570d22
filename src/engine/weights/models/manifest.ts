/** @file The model.json of a model folder: its form, and reading and writing it. */
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, isEngineError } from '../../contract'
import { readRegularFile, saveFile } from '../../files'
import type { VitConfig } from '../../nn'
import type { Preprocessing } from '../layout/config-file'

const kinds = ['fb-dino', 'fb-dinov2', 'hf-dinov2', 'hf-dinov2-with-registers', 'hf-vit', 'dinoscope', 'random'] as const
/** Layouts a model can come from. `dinoscope` is a model folder of our own, `random` weights that were drawn and never trained. */
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

/** What a model folder says of itself. */
export interface ModelManifest {
  readonly schema: 1
  readonly id: string
  readonly name: string
  /** Where the weights come from, in a sentence. */
  readonly description: string
  readonly trained: boolean
  readonly config: VitConfig
  readonly preprocessing: Preprocessing
  /** Number of weights. */
  readonly parameters: number
  readonly weights: { readonly file: 'model.safetensors'; readonly sha256: string; readonly bytes: number }
  readonly provenance: ModelProvenance
}

export const manifestFile = 'model.json'
export const weightsFile = 'model.safetensors'

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

/** The form of a model.json. */
export const manifestSchema = z.object({
  schema: z.literal(1),
  id: z.string().min(1).max(200),
  name: z.string().min(1),
  description: z.string(),
  trained: z.boolean(),
  config: configSchema.refine(({ dim, heads }) => dim % heads === 0, { message: 'dim is not a multiple of heads' }),
  preprocessing: z.object({ shortEdge: positive, crop: positive, mean: triple, std: triple }),
  parameters: z.number().int().nonnegative(),
  weights: z.object({ file: z.literal(weightsFile), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().positive() }),
  provenance: z.object({
    source: z.string(),
    kind: z.enum(kinds),
    checkpointKey: z.string().optional(),
    unexpectedKeys: z.array(z.string()),
    importedAt: z.string(),
  }),
})

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
  const result = manifestSchema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw damaged(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

/** @throws EngineError DISK */
export async function writeManifest(folder: string, manifest: ModelManifest): Promise<void> {
  await saveFile(join(folder, manifestFile), `${JSON.stringify(manifest, undefined, 2)}\n`)
}
