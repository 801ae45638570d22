/** @file The manifest.json of a checkpoint: what belongs to it, byte for byte, and which run it is of. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, isEngineError, messageOf } from '../../contract'
import { readRegularFile, saveFile } from '../../files'
import { hashFile } from '../../weights'
import type { RunDescription } from './description'
import { countSchema, parseRecord, sha256Of, sha256Schema } from './record'

/** One file of a checkpoint. */
export interface CheckpointFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/** What a checkpoint says of itself. */
export interface CheckpointManifest {
  readonly schema: 1
  readonly step: number
  /** ISO 8601. Never used to tell which is newer: clocks go back. */
  readonly savedAt: string
  /** It was the best when it was saved; the newest that says so is the best. */
  readonly best: boolean
  /** Of the run it belongs to. */
  readonly recipeSha256: string
  readonly imagesSha256: string
  readonly files: readonly CheckpointFile[]
}

export const manifestFile = 'manifest.json'
export const stateFile = 'state.json'
export const tensorsSuffix = '.safetensors'

const maximumBytes = 2 ** 22

const manifestSchema = z.object({
  schema: z.literal(1),
  step: countSchema,
  savedAt: z.iso.datetime(),
  best: z.boolean(),
  recipeSha256: sha256Schema,
  imagesSha256: sha256Schema,
  files: z.array(z.object({ name: z.string().regex(/^[a-z][a-z0-9-]*\.(?:json|safetensors)$/), bytes: countSchema, sha256: sha256Schema })).min(1),
})

/** Why a checkpoint cannot be used: `damaged`, or whole but not for this program or run. */
export interface Refusal {
  readonly kind: 'damaged' | 'foreign'
  readonly reason: string
}

/** @throws EngineError DISK */
export async function writeCheckpointManifest(folder: string, manifest: CheckpointManifest): Promise<void> {
  // A flipped bit in the manifest itself must be noticed too.
  const checksum = sha256Of(JSON.stringify(manifest))
  await saveFile(join(folder, manifestFile), `${JSON.stringify({ ...manifest, checksum }, undefined, 2)}\n`)
}

/** Reads and checks the manifest alone; no other file is looked at. */
export async function readCheckpointManifest(folder: string): Promise<CheckpointManifest | Refusal> {
  const path = join(folder, manifestFile)
  try {
    const text = (await readRegularFile(path, maximumBytes)).toString('utf8')
    const { checksum, ...content } = parseRecord(path, text, z.looseObject({ checksum: z.string() }))
    const manifest = parseRecord(path, text, manifestSchema)
    // What was parsed keeps the order of its keys, so the text is again what was hashed.
    return sha256Of(JSON.stringify(content)) === checksum ? manifest : { kind: 'damaged', reason: `${manifestFile} has changed since it was written` }
  } catch (error) {
    const isNewer = isEngineError(error, 'CHECKPOINT') && error.detail?.['schema'] !== undefined
    return { kind: isNewer ? 'foreign' : 'damaged', reason: messageOf(error) }
  }
}

/** Whether a whole checkpoint is of this run. */
export function checkOwner(manifest: CheckpointManifest, { recipeSha256, imagesSha256 }: RunDescription): Refusal | undefined {
  if (manifest.recipeSha256 !== recipeSha256) return { kind: 'foreign', reason: 'it was saved by a run with another recipe' }
  return manifest.imagesSha256 === imagesSha256 ? undefined : { kind: 'foreign', reason: 'it was saved by a run over other pictures' }
}

/** Whether every file is there with its length. Cheap; {@link checkHashes} reads all of them. */
export async function checkLengths(folder: string, { files }: CheckpointManifest): Promise<Refusal | undefined> {
  for (const { name, bytes } of files) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found?.isFile() !== true) return { kind: 'damaged', reason: `${name} is missing` }
    if (found.size !== bytes) return { kind: 'damaged', reason: `${name} has ${found.size} bytes; ${bytes} were written` }
  }
  return undefined
}

/** Whether every file has the content that was written. @throws the signal's reason */
export async function checkHashes(folder: string, { files }: CheckpointManifest, signal?: AbortSignal): Promise<Refusal | undefined> {
  for (const { name, sha256 } of files) {
    try {
      if ((await hashFile(join(folder, name), signal)) !== sha256) return { kind: 'damaged', reason: `${name} has changed since it was written` }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      return { kind: 'damaged', reason: error.message }
    }
  }
  return undefined
}
