/** @file The runs of a folder as the interface shows them; what cannot be opened is told, never fatal. */
import { access, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, isEngineError, messageOf, type FileProblem, type RunInfo, type RunState } from '../../contract'
import { isPartialName } from '../../files'
import { listCheckpoints } from './find-checkpoint'
import { reportFile } from './layout'
import { lockHolder } from './lock'
import { openRunFolder, type RunFolder } from './run-folder'
import { readRunStatus, type RunStatus } from './status'

/** The runs of a folder, newest first, and what could not be opened with its reason. */
export interface RunListing {
  readonly runs: readonly RunFolder[]
  readonly problems: readonly FileProblem[]
}

/** @throws EngineError SOURCE_UNAVAILABLE; a folder that does not exist has no runs */
export async function listRunFolders(runsFolder: string): Promise<RunListing> {
  const runs: RunFolder[] = []
  const problems: FileProblem[] = []
  for (const name of await folderNames(runsFolder)) {
    try {
      runs.push(await openRunFolder(join(runsFolder, name)))
    } catch (error) {
      problems.push({ relativePath: name, code: isEngineError(error) ? error.code : 'INTERNAL', reason: messageOf(error) })
    }
  }
  const newestFirst = (a: RunFolder, b: RunFolder): number =>
    b.description.createdAt.localeCompare(a.description.createdAt, 'en') || a.description.id.localeCompare(b.description.id, 'en')
  return { runs: runs.sort(newestFirst), problems }
}

/** Of a run that says it is starting and has no trainer yet: after this long none will come. */
const startingMs = 60_000

/**
 * What the interface shows of a run, from its folder alone. Working without a living trainer means interrupted.
 * @param sizeBytes where it is known already; else every file is looked at
 */
export async function runInfo({ folder, description }: RunFolder, sizeBytes?: number): Promise<RunInfo> {
  const [status, holder, checkpoints, hasReport] = await Promise.all([
    readRunStatus(folder).catch((error: unknown) => messageOf(error)),
    lockHolder(folder),
    listCheckpoints(folder),
    access(join(folder, reportFile)).then(() => true, () => false),
  ])
  const newest = checkpoints.at(-1)
  const fallback: RunStatus = {
    state: holder === undefined ? 'interrupted' : 'running',
    reason: typeof status === 'string' ? status : undefined,
    step: newest?.step ?? 0,
    stepsTotal: newest?.step ?? 0,
    warnings: [],
    skippedImages: 0,
    updatedAt: newest?.savedAt ?? description.createdAt,
  }
  const known = typeof status === 'object' ? status : fallback
  const state = stateOf(known, holder !== undefined)
  const { reason, step, stepsTotal, imagesPerSecond, etaMs, latest, bestKnn, warnings, skippedImages, updatedAt } = known
  const { id, name, createdAt, summary, root, images, init, teacher } = description
  const working = state !== 'interrupted' ? { imagesPerSecond, etaMs } : { imagesPerSecond: undefined, etaMs: undefined }
  return {
    ...{ id, name, createdAt, summary, images, source: root, init: init?.name, ...(teacher === undefined ? {} : { teacher: teacher.name }) },
    ...{ state, reason: state === known.state ? reason : 'The training ended without being asked to', updatedAt, step, stepsTotal, latest, bestKnn, warnings },
    ...working,
    ...{ skippedImages, hasReport, sizeBytes: sizeBytes ?? (await runSize(folder)) },
    checkpoints: checkpoints.map(({ step: at, best, savedAt }) => ({ step: at, best, savedAt })),
  }
}

function stateOf({ state, updatedAt }: RunStatus, hasTrainer: boolean): RunState {
  if (hasTrainer) return state
  if (state === 'starting') return Math.abs(Date.now() - Date.parse(updatedAt)) < startingMs ? state : 'interrupted'
  return state === 'running' || state === 'paused' || state === 'stopping' ? 'interrupted' : state
}

/** Bytes of all files of a run; what vanishes meanwhile does not count. */
export async function runSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const sizes = entries.map((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? runSize(path) : lstat(path).then(({ size }) => size, () => 0)
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

async function folderNames(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && !isPartialName(entry.name)).map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder} cannot be read: ${messageOf(error)}`, { detail: { path: folder }, cause: error })
  }
}
