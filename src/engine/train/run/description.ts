/** @file The run.json of a run: what it is, written when it is made; only its name changes later. */
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, isEngineError, type RecipeSummary } from '../../contract'
import { saveFile } from '../../files'
import { descriptionFile } from './layout'
import { countSchema, readRecord, sha256Schema } from './record'

/** The model whose weights a run began with. */
export interface RunInit {
  readonly name: string
  /** Of the model, as it was when the run was made. */
  readonly folder: string
  /** Of its weights. */
  readonly sha256: string
}

/** What a run knows of its teacher. */
export interface RunTeacher {
  readonly name: string
  /** Of its weights. */
  readonly sha256: string
  /** Of the heads it brought, where it did. */
  readonly headsSha256?: string | undefined
}

/** What a run is. */
export interface RunDescription {
  readonly schema: 1
  /** The name of its folder. */
  readonly id: string
  /** For people. */
  readonly name: string
  /** ISO 8601. */
  readonly createdAt: string
  /** Absolute path of the folder the pictures lie in. */
  readonly root: string
  /** Absent from scratch. */
  readonly init?: RunInit | undefined
  /** The frozen model it learns from; its files lie in the run's folder. Absent unless it distils. */
  readonly teacher?: RunTeacher | undefined
  readonly summary: RecipeSummary
  /** How many pictures. */
  readonly images: number
  readonly imagesSha256: string
  /** Of recipe.yaml. */
  readonly recipeSha256: string
}

export const maximumNameLength = 200
const maximumBytes = 2 ** 20

const summarySchema = z.object({
  method: z.enum(['dino', 'dinov2', 'distill']),
  architecture: z.string(),
  patchSize: countSchema,
  backboneParameters: countSchema,
  headParameters: countSchema,
  globalSize: countSchema,
  localSize: countSchema,
  localCrops: countSchema,
  batch: z.union([countSchema, z.literal('auto')]),
  accumulate: countSchema,
}) satisfies z.ZodType<RecipeSummary>

const descriptionSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  name: z.string().min(1).max(maximumNameLength),
  createdAt: z.iso.datetime(),
  root: z.string().min(1),
  init: z.object({ name: z.string(), folder: z.string(), sha256: sha256Schema }).optional(),
  teacher: z.object({ name: z.string(), sha256: sha256Schema, headsSha256: sha256Schema.optional() }).optional(),
  summary: summarySchema,
  images: countSchema,
  imagesSha256: sha256Schema,
  recipeSha256: sha256Schema,
})

/** @throws EngineError NOT_FOUND when the folder is no run, CHECKPOINT when its description is damaged or of a newer program */
export async function readDescription(folder: string): Promise<RunDescription> {
  return readRecord(join(folder, descriptionFile), descriptionSchema, maximumBytes).catch((cause: unknown) => {
    if (!isEngineError(cause, 'SOURCE_UNAVAILABLE')) throw cause
    throw new EngineError('NOT_FOUND', `${folder} is not a run: it has no readable ${descriptionFile}`, { detail: { path: folder }, cause })
  })
}

/** @throws EngineError DISK */
export async function writeDescription(folder: string, description: RunDescription): Promise<void> {
  await saveFile(join(folder, descriptionFile), `${JSON.stringify(description, undefined, 2)}\n`)
}
