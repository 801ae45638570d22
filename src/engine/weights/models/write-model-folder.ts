/** @file Writes a model folder beside its place and renames it, so that it is there whole or not at all. */
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, messageOf, type JobContext, type Progress } from '../../contract'
import { partialName, syncFolder } from '../../files'
import { createProgress } from '../../progress'
import { dtypes, elementCount } from '../../tensor'
import { writeSafetensorsFrom, type NamedSource } from '../safetensors/write'
import { weightsFile, writeManifest, type ModelManifest, type VitManifest } from './manifest'
import { openModelFolder, requireVit, type VitModelFolder } from './model-folder'
import { slugOf } from './slug'

/** Where a model may go, and what it is then called. */
export interface ModelPlace {
  readonly id: string
  readonly folder: string
}

/** Everything of a manifest that is known before the weights are written. */
export type ModelDraft = Omit<VitManifest, 'schema' | 'id' | 'weights'> & { readonly tensors: readonly NamedSource[] }

/**
 * Writes beside the places, then takes the first that is free: whoever comes second finds the name taken.
 * @throws EngineError DISK, ALREADY_EXISTS when no place is free, or what reading a tensor throws
 */
export async function writeModelFolder(
  places: readonly ModelPlace[],
  draft: ModelDraft,
  { signal, emit }: JobContext<Progress>,
): Promise<VitModelFolder> {
  const { tensors, ...description } = draft
  const folder = await placeFolder(places, draft.name, signal, async (temporary) => {
    const progress = createProgress('Import model', tensors.reduce((sum, { dtype, shape }) => sum + dtypes[dtype].bytes * elementCount(shape), 0), emit)
    const onWritten = (_name: string, byteLength: number): void => {
      progress.advance(byteLength)
    }
    const { sha256, bytes } = await writeSafetensorsFrom(join(temporary, weightsFile), tensors, { signal, onWritten })
    progress.finish()
    return (id) => ({ ...description, schema: 1, id, weights: { file: weightsFile, sha256, bytes } })
  })
  return requireVit(await openModelFolder(folder), 'written so')
}

/**
 * Has a folder filled beside the places and gives it the first name that is free.
 * @param fill writes everything but the manifest, which it answers for the id that the model gets
 * @throws EngineError DISK, ALREADY_EXISTS when no place is free, what `fill` throws; the signal's reason
 */
export async function placeFolder(
  places: readonly ModelPlace[],
  name: string,
  signal: AbortSignal,
  fill: (temporary: string) => Promise<(id: string) => ModelManifest>,
): Promise<string> {
  const parent = dirname(places[0]?.folder ?? '')
  return withTemporaryFolder(parent, name, async (temporary) => {
    const manifestFor = await fill(temporary)
    for (const { id, folder } of places) {
      if (await exists(folder)) continue
      await writeManifest(temporary, manifestFor(id))
      await openModelFolder(temporary)
      signal.throwIfAborted()
      if (!(await moveTo(temporary, folder))) continue
      await syncFolder(parent)
      return folder
    }
    throw new EngineError('ALREADY_EXISTS', `${places[0]?.folder ?? parent} exists already`, { detail: { path: places[0]?.folder } })
  })
}

/**
 * A folder that the next start of the engine takes for unfinished, gone when `work` has ended unless it has another name by then.
 * @throws EngineError DISK; what `work` throws
 */
export async function withTemporaryFolder<T>(parent: string, name: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = join(parent, partialName(slugOf(name), randomBytes(4).toString('hex')))
  try {
    await mkdir(temporary, { recursive: true })
    return await work(temporary)
  } catch (error) {
    if (error instanceof EngineError || (error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new EngineError('DISK', `The model cannot be written to ${parent}: ${messageOf(error)}`, { detail: { path: parent }, cause: error })
  } finally {
    // What failed first is what is told.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** False when the name is taken. */
async function moveTo(temporary: string, folder: string): Promise<boolean> {
  try {
    await rename(temporary, folder)
    return true
  } catch (error) {
    // Windows answers EPERM for a folder that exists.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '') && (await exists(folder))) return false
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
