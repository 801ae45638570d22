/** @file Saves a checkpoint: beside, flushed, hashed, renamed; only then are older ones pruned. */
import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, isEngineError, messageOf } from '../../contract'
import { partialName, saveFile, syncFolder } from '../../files'
import { dtypes, elementCount, type Tensor } from '../../tensor'
import { writeSafetensorsFrom, type NamedSource, type TensorSource } from '../../weights'
import { stateFile, tensorsSuffix, writeCheckpointManifest, type CheckpointFile, type CheckpointManifest } from './checkpoint-manifest'
import { exactJson } from './exact-json'
import { listCheckpoints, type CheckpointInfo } from './find-checkpoint'
import { checkpointName, checkpointsFolder, replacedSuffix } from './layout'
import { pruneCheckpoints } from './prune-checkpoints'
import { sha256Of } from './record'
import type { RunFolder } from './run-folder'

/** Tensors by name, at hand or to be read when their turn comes: one at a time is in memory then. */
export type TensorEntries = Iterable<readonly [name: string, tensor: Tensor | TensorSource]>

export interface CheckpointContent {
  /** How many steps are done. */
  readonly step: number
  /** By the stem of their file: `student`, `teacher`, `moments`, … */
  readonly tensors: Readonly<Record<string, TensorEntries>>
  /** Everything else: plain data that JSON holds exactly. */
  readonly state: unknown
}

export interface SaveOptions {
  /** It is the best so far, and takes that title from the one before. */
  readonly best?: boolean
  readonly signal?: AbortSignal
  /** Told when older checkpoints could not be deleted; the new one is saved all the same. */
  readonly onProblem?: (message: string) => void
}

/** Of the size of what is written, for what file systems need around it. */
const spaceFactor = 1.1
const headerBytesPerTensor = 256
const stemPattern = /^[a-z][a-z0-9-]*$/
const noSpaceCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG']

/**
 * Saves a checkpoint of a run and prunes: the last two and the best stay. When it returns, the checkpoint is on disk to
 * stay. When it throws, nothing was lost and nothing half-written is left. The caller holds the run's lock.
 * @throws EngineError DISK with `neededBytes` and `freeBytes`; INTERNAL for a state that JSON cannot hold; the signal's reason
 */
export async function saveCheckpoint(run: RunFolder, content: CheckpointContent, options: SaveOptions = {}): Promise<CheckpointInfo> {
  const folder = checkpointsFolder(run.folder)
  const name = checkpointName(content.step)
  const files = Object.entries(content.tensors).map(([stem, entries]) => ({ stem: checkedStem(stem), sources: Array.from(entries, namedSource) }))
  const state = exactJson(content.state, 'state')
  const neededBytes = Math.ceil(spaceFactor * (state.length + sizeOf(files.flatMap(({ sources }) => sources))))
  const temporary = join(folder, partialName(name, randomBytes(4).toString('hex')))
  try {
    if ((await mkdir(folder, { recursive: true })) !== undefined) await syncFolder(run.folder)
    await requireSpace(folder, neededBytes)
    await mkdir(temporary)
    const written: CheckpointFile[] = []
    for (const { stem, sources } of files) {
      const file = stem + tensorsSuffix
      written.push({ name: file, ...(await writeSafetensorsFrom(join(temporary, file), sources, { signal: options.signal })) })
    }
    await saveFile(join(temporary, stateFile), state)
    written.push({ name: stateFile, bytes: Buffer.byteLength(state), sha256: sha256Of(state) })
    for (const file of written) await requireLength(temporary, file)
    const { recipeSha256, imagesSha256 } = run.description
    const manifest: CheckpointManifest = {
      ...{ schema: 1, step: content.step, savedAt: new Date().toISOString(), best: options.best === true },
      ...{ recipeSha256, imagesSha256, files: written },
    }
    await writeCheckpointManifest(temporary, manifest)
    options.signal?.throwIfAborted()
    await putInPlace(temporary, join(folder, name))
    await syncFolder(folder)
    await pruneCheckpoints(run).catch((error: unknown) => options.onProblem?.(messageOf(error)))
    const { step, savedAt, best } = manifest
    return { folder: join(folder, name), step, savedAt, best, sizeBytes: written.reduce((sum, { bytes }) => sum + bytes, 0), manifest }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    throw await explain(run.folder, content.step, neededBytes, error)
  }
}

function checkedStem(stem: string): string {
  if (stemPattern.test(stem)) return stem
  throw new EngineError('INTERNAL', `saveCheckpoint: ${JSON.stringify(stem)} is no name for a file of tensors`)
}

function namedSource([name, value]: readonly [string, Tensor | TensorSource]): NamedSource {
  const { dtype, shape } = value
  return { name, dtype, shape, read: () => ('read' in value ? value.read() : Promise.resolve(value)) }
}

function sizeOf(sources: readonly NamedSource[]): number {
  return sources.reduce((sum, { dtype, shape }) => sum + headerBytesPerTensor + elementCount(shape) * dtypes[dtype].bytes, 0)
}

/** Bytes that may be written to the disk of `folder`; undefined where it does not tell. */
async function freeBytesOf(folder: string): Promise<number | undefined> {
  return statfs(folder).then(({ bavail, bsize }) => bavail * bsize, () => undefined)
}

async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytesOf(folder)
  if (free !== undefined && free < neededBytes) throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'statfs' })
}

/** A file system that says yes and keeps less is found here, before an older checkpoint is given up for this one. */
async function requireLength(folder: string, { name, bytes }: CheckpointFile): Promise<void> {
  const { size } = await stat(join(folder, name))
  if (size !== bytes) throw new EngineError('DISK', `${name} has ${size} bytes on disk; ${bytes} were written`, { detail: { path: join(folder, name), code: 'EIO' } })
}

/** A checkpoint of the same step, which a run that stopped and went on at once has, makes way and is only then deleted. */
async function putInPlace(temporary: string, place: string): Promise<void> {
  const replaced = place + replacedSuffix
  await rm(replaced, { recursive: true, force: true })
  const isReplacing = await rename(place, replaced).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    },
  )
  try {
    await rename(temporary, place)
  } catch (error) {
    if (isReplacing) await rename(replaced, place).catch(() => undefined)
    throw error
  }
  if (isReplacing) await rm(replaced, { recursive: true, force: true }).catch(() => undefined)
}

/** What a person has to know when the disk refuses. Other errors pass as they are. */
async function explain(runFolder: string, step: number, neededBytes: number, error: unknown): Promise<unknown> {
  const isDisk = isEngineError(error, 'DISK')
  if (!isDisk && (error instanceof EngineError || (error as NodeJS.ErrnoException).syscall === undefined)) return error
  const code = isDisk ? error.detail?.['code'] : (error as NodeJS.ErrnoException).code
  const freeBytes = await freeBytesOf(runFolder)
  const last = (await listCheckpoints(runFolder).catch(() => [])).at(-1)?.step
  const kept = last === undefined ? '' : `; the checkpoint of step ${last} is untouched`
  const message = noSpaceCodes.includes(code)
    ? `The checkpoint of step ${step} needs ${megabytes(neededBytes)} and the disk of ${runFolder} has ${freeBytes === undefined ? 'less' : megabytes(freeBytes)} free${kept}. Free some space, and the run can go on`
    : `The checkpoint of step ${step} cannot be written to ${runFolder}: ${messageOf(error)}${kept}`
  return new EngineError('DISK', message, { detail: { path: runFolder, code, step, neededBytes, freeBytes }, cause: error })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}
