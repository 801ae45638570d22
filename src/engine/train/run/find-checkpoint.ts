/** @file Finds a run's checkpoints: by step, never by time, and only whole ones are given out. */
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, messageOf } from '../../contract'
import { checkHashes, checkLengths, checkOwner, readCheckpointManifest, type CheckpointManifest, type Refusal } from './checkpoint-manifest'
import { checkpointsFolder, corruptSuffix, stepOfName } from './layout'
import type { RunLock } from './lock'
import type { RunFolder } from './run-folder'

/** A checkpoint on disk. */
export interface CheckpointInfo {
  readonly folder: string
  readonly step: number
  readonly best: boolean
  readonly savedAt: string
  readonly sizeBytes: number
  readonly manifest: CheckpointManifest
}

/** A checkpoint that was not used, and why. */
export interface RefusedCheckpoint extends Refusal {
  readonly step: number
  readonly folder: string
}

export interface CheckpointSearch {
  /** Undefined where the run has none yet. */
  readonly checkpoint: CheckpointInfo | undefined
  /** Those that were looked at before and refused. */
  readonly refused: readonly RefusedCheckpoint[]
}

export interface SearchOptions {
  /** With it, damaged checkpoints are set aside under another name; without it nothing is changed. */
  readonly lock?: RunLock
  readonly signal?: AbortSignal
}

/** Every checkpoint whose manifest can be read, oldest first. Lengths and hashes are not looked at. */
export async function listCheckpoints(runFolder: string): Promise<readonly CheckpointInfo[]> {
  const found: CheckpointInfo[] = []
  for (const { folder } of await checkpointFolders(runFolder)) {
    const manifest = await readCheckpointManifest(folder)
    if (!('kind' in manifest)) found.push(infoOf(folder, manifest))
  }
  return found
}

/**
 * The newest valid checkpoint: every file of it has been read and compared with its hash.
 * @throws EngineError CHECKPOINT when there are checkpoints and none of them is valid: to begin anew is for a person to decide
 */
export async function newestCheckpoint(run: RunFolder, options: SearchOptions = {}): Promise<CheckpointSearch> {
  const refused: RefusedCheckpoint[] = []
  const folders = await checkpointFolders(run.folder)
  for (const { step, folder } of folders.toReversed()) {
    const verdict = await examine(run, step, folder, options.signal)
    if ('kind' in verdict) {
      refused.push({ step, folder, ...verdict })
      continue
    }
    if (options.lock !== undefined) await setAside(refused)
    return { checkpoint: verdict, refused }
  }
  if (options.lock === undefined && (await hasChanged(run.folder, folders))) return newestCheckpoint(run, options)
  const corrupt = await corruptNames(run.folder)
  if (refused.length + corrupt.length > 0) throw noneValid(run.folder, refused, corrupt)
  return { checkpoint: undefined, refused }
}

/** The checkpoint that was the best when it was saved, where it is valid; undefined where none was marked or it is not. */
export async function bestCheckpoint(run: RunFolder, { signal }: SearchOptions = {}): Promise<CheckpointSearch> {
  const marked = (await listCheckpoints(run.folder)).findLast(({ best }) => best)
  if (marked === undefined) return { checkpoint: undefined, refused: [] }
  const { step, folder } = marked
  const verdict = await examine(run, step, folder, signal)
  return 'kind' in verdict ? { checkpoint: undefined, refused: [{ step, folder, ...verdict }] } : { checkpoint: verdict, refused: [] }
}

async function examine({ description }: RunFolder, step: number, folder: string, signal: AbortSignal | undefined): Promise<CheckpointInfo | Refusal> {
  const manifest = await readCheckpointManifest(folder)
  if ('kind' in manifest) return manifest
  if (manifest.step !== step) return { kind: 'damaged', reason: `it is of step ${manifest.step}, its folder says ${step}` }
  return (
    checkOwner(manifest, description) ?? (await checkLengths(folder, manifest)) ?? (await checkHashes(folder, manifest, signal)) ?? infoOf(folder, manifest)
  )
}

function infoOf(folder: string, manifest: CheckpointManifest): CheckpointInfo {
  const { step, best, savedAt, files } = manifest
  return { folder, step, best, savedAt, sizeBytes: files.reduce((sum, { bytes }) => sum + bytes, 0), manifest }
}

interface CheckpointFolder {
  readonly step: number
  readonly folder: string
}

async function namesOf(runFolder: string): Promise<readonly string[]> {
  const folder = checkpointsFolder(runFolder)
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder} cannot be read: ${messageOf(error)}`, { detail: { path: folder }, cause: error })
  }
}

async function checkpointFolders(runFolder: string): Promise<readonly CheckpointFolder[]> {
  const found: CheckpointFolder[] = []
  for (const name of await namesOf(runFolder)) {
    const step = stepOfName(name)
    if (step !== undefined) found.push({ step, folder: join(checkpointsFolder(runFolder), name) })
  }
  return found.sort((a, b) => a.step - b.step)
}

async function corruptNames(runFolder: string): Promise<readonly string[]> {
  return (await namesOf(runFolder)).filter((name) => name.includes(corruptSuffix))
}

/** A trainer may have saved and pruned while its checkpoints were read. */
async function hasChanged(runFolder: string, before: readonly CheckpointFolder[]): Promise<boolean> {
  const newest = (await checkpointFolders(runFolder)).at(-1)?.step
  return newest !== undefined && newest !== before.at(-1)?.step
}

/** Renames what is damaged, so that it is looked at once; what cannot be renamed is found again next time. */
async function setAside(refused: readonly RefusedCheckpoint[]): Promise<void> {
  for (const { kind, folder } of refused) {
    if (kind !== 'damaged') continue
    for (let number = 1; ; number++) {
      const renamed = await rename(folder, `${folder}${corruptSuffix}${number === 1 ? '' : `-${number}`}`).then(
        () => true,
        (error: unknown) => !['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? ''),
      )
      if (renamed) break
    }
  }
}

function noneValid(runFolder: string, refused: readonly RefusedCheckpoint[], corrupt: readonly string[]): EngineError {
  const reasons = refused.map(({ step, reason }) => `step ${step}: ${reason}`)
  const aside = corrupt.length === 0 ? [] : [`${corrupt.join(', ')}: found damaged before`]
  return new EngineError(
    'CHECKPOINT',
    `None of the ${refused.length + corrupt.length} checkpoints in ${checkpointsFolder(runFolder)} can be read (${[...reasons, ...aside].join('; ')}). Nothing was changed`,
    { detail: { path: runFolder, refused, corrupt } },
  )
}
