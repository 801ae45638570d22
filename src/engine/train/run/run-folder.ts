/** @file Run folders: made whole or not at all, opened, renamed and removed. */
import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineError, messageOf, type RecipeSummary } from '../../contract'
import { partialName, readRegularFile, saveFile, syncFolder } from '../../files'
import { maximumNameLength, readDescription, writeDescription, type RunDescription, type RunInit, type RunTeacher } from './description'
import { imagesFingerprint, readImageList, writeImageList, type ListedImage, type RunImage } from './image-list'
import { keepTeacher } from './kept-teacher'
import { recipeFile } from './layout'
import { lockRun } from './lock'
import { sha256Of } from './record'
import { runId } from './run-id'
import { writeRunStatus } from './status'

/** A run on disk. */
export interface RunFolder {
  /** Absolute. */
  readonly folder: string
  readonly description: RunDescription
}

/** What is known of a run before it is made. */
export interface RunDraft {
  /** For people; need not be unique. */
  readonly name: string
  /** Absolute path of the folder that the pictures lie in. */
  readonly root: string
  readonly init: RunInit | undefined
  /** The frozen model to learn from, and the model folder it lies in. */
  readonly teacher?: (RunTeacher & { readonly folder: string }) | undefined
  readonly summary: RecipeSummary
  /** Where it is known already. */
  readonly stepsTotal?: number
}

const maximumRecipeBytes = 2 ** 22

/**
 * Makes a run in `runsFolder` under a name of its own.
 * @throws EngineError DISK, BAD_REQUEST for a name that is empty or too long
 */
export async function createRunFolder(runsFolder: string, draft: RunDraft, images: readonly ListedImage[], recipeYaml: string): Promise<RunFolder> {
  return createRunFolderAt(join(runsFolder, runId(draft.name, new Date(), randomBytes(3))), draft, images, recipeYaml)
}

/**
 * Makes a run at a place that somebody chose: written beside, then renamed.
 * @throws EngineError ALREADY_EXISTS unless nothing or an empty folder is there, DISK, BAD_REQUEST as {@link createRunFolder}
 */
export async function createRunFolderAt(folder: string, draft: RunDraft, images: readonly ListedImage[], recipeYaml: string): Promise<RunFolder> {
  const place = resolve(folder)
  const parent = dirname(place)
  const createdAt = new Date().toISOString()
  const description: RunDescription = {
    schema: 1,
    id: basename(place),
    name: checkedName(draft.name),
    createdAt,
    root: draft.root,
    ...(draft.init === undefined ? {} : { init: draft.init }),
    ...(draft.teacher === undefined ? {} : { teacher: { name: draft.teacher.name, sha256: draft.teacher.sha256, headsSha256: draft.teacher.headsSha256 } }),
    summary: draft.summary,
    images: images.length,
    imagesSha256: imagesFingerprint(images),
    recipeSha256: sha256Of(recipeYaml),
  }
  const temporary = join(parent, partialName(basename(place), randomBytes(4).toString('hex')))
  try {
    await mkdir(temporary, { recursive: true })
    await writeImageList(temporary, images)
    await saveFile(join(temporary, recipeFile), recipeYaml)
    if (draft.teacher !== undefined) await keepTeacher(temporary, draft.teacher.folder, draft.teacher)
    await writeRunStatus(temporary, { state: 'starting', step: 0, stepsTotal: draft.stepsTotal ?? 0, warnings: [], skippedImages: 0, updatedAt: createdAt })
    await writeDescription(temporary, description)
    await moveTo(temporary, place)
    await syncFolder(parent)
    return { folder: place, description }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    throw diskError(`The run cannot be written to ${place}`, place, error)
  }
}

/**
 * Opens a run. Its id is the name of its folder, so that a copied folder is a run of its own.
 * @throws EngineError NOT_FOUND when it is no run, CHECKPOINT when it is damaged or of a newer program
 */
export async function openRunFolder(folder: string): Promise<RunFolder> {
  const place = resolve(folder)
  return { folder: place, description: { ...(await readDescription(place)), id: basename(place) } }
}

/**
 * The pictures of a run in their order.
 * @throws EngineError CHECKPOINT when the list is damaged or is not the one the run began with, SOURCE_UNAVAILABLE
 */
export async function readRunImages({ folder, description }: RunFolder): Promise<readonly RunImage[]> {
  return readImageList(folder, description.root, description.imagesSha256)
}

/**
 * The recipe of a run, every key written out.
 * @throws EngineError CHECKPOINT when it is not the one the run began with, SOURCE_UNAVAILABLE
 */
export async function readRunRecipe({ folder, description }: RunFolder): Promise<string> {
  const path = join(folder, recipeFile)
  const bytes = await readRegularFile(path, maximumRecipeBytes)
  if (sha256Of(bytes) === description.recipeSha256) return bytes.toString('utf8')
  throw new EngineError(
    'CHECKPOINT',
    `${path} has changed since the run began, and a run goes on exactly as it began; put the original back, or start a new run from its weights`,
    { detail: { path } },
  )
}

/** @throws EngineError BAD_REQUEST for a name that is empty or too long, DISK, NOT_FOUND, CHECKPOINT */
export async function renameRun(run: RunFolder, name: string): Promise<RunFolder> {
  const description = { ...(await openRunFolder(run.folder)).description, name: checkedName(name) }
  await writeDescription(run.folder, description)
  return { folder: run.folder, description }
}

/**
 * Deletes a run with all it holds. It is renamed first, so that it is gone at once even if deleting takes long or fails.
 * @throws EngineError BUSY while it is being trained, NOT_FOUND, DISK
 */
export async function removeRunFolder({ folder }: RunFolder): Promise<void> {
  const lock = await lockRun(folder)
  const doomed = join(dirname(folder), partialName(basename(folder), randomBytes(4).toString('hex')))
  try {
    await rename(folder, doomed)
    await syncFolder(dirname(folder))
    await rm(doomed, { recursive: true, force: true })
  } catch (error) {
    await lock.release()
    throw diskError(`The run in ${folder} cannot be removed`, folder, error)
  }
}

function checkedName(name: string): string {
  const trimmed = name.trim()
  if (trimmed !== '' && trimmed.length <= maximumNameLength) return trimmed
  throw new EngineError('BAD_REQUEST', `A run's name has 1 to ${maximumNameLength} characters; ${trimmed.length} were given`, { detail: { name } })
}

/** A folder cannot be put over one that holds something; over an empty one not everywhere. */
async function moveTo(temporary: string, place: string): Promise<void> {
  try {
    await rmdir(place).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    })
    await rename(temporary, place)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new EngineError('ALREADY_EXISTS', `${place} exists already and is not empty; choose another place`, { detail: { path: place }, cause: error })
  }
}

function diskError(what: string, path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof EngineError || syscall === undefined) return error
  return new EngineError('DISK', `${what}: ${messageOf(error)}`, { detail: { path, code }, cause: error })
}
