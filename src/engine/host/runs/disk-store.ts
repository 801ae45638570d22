/** @file The runs of a workspace in their folders. */
import { basename, join } from 'node:path'
import { EngineError, isEngineError } from '../../contract'
import { listRunFolders, lockHolder, lockRun, openRunFolder, readMetrics, readRunRecipe, readRunStatus, removeRunFolder, renameRun, runInfo, writeRunStatus, type RunFolder } from '../../train'
import type { RunStore, StoredRun } from './run-store'

export interface DiskRunStore extends RunStore {
  /** @throws EngineError NOT_FOUND, CHECKPOINT when it is damaged */
  open(runId: string): Promise<RunFolder>
}

/** @param onProblem told once of each folder that cannot be opened */
export function createDiskRunStore(runsFolder: string, onProblem: (line: string) => void): DiskRunStore {
  const told = new Set<string>()

  const open = async (runId: string): Promise<RunFolder> => {
    const notFound = (): EngineError => new EngineError('NOT_FOUND', `there is no run ${JSON.stringify(runId)}`, { detail: { runId } })
    // An id is the name of a folder, nothing that leads out of it.
    if (runId !== basename(runId) || runId.startsWith('.') || runId.includes('\\')) throw notFound()
    return openRunFolder(join(runsFolder, runId)).catch((error: unknown) => {
      throw isEngineError(error, 'NOT_FOUND') ? notFound() : error
    })
  }
  const stored = async (run: RunFolder): Promise<StoredRun> => {
    const [info, holder] = await Promise.all([runInfo(run), lockHolder(run.folder)])
    return { folder: run.folder, info, trainedElsewhere: holder !== undefined }
  }

  return {
    open,
    list: async () => {
      const { runs, problems } = await listRunFolders(runsFolder)
      for (const { relativePath, reason } of problems) {
        if (told.has(relativePath)) continue
        told.add(relativePath)
        onProblem(`The run in ${join(runsFolder, relativePath)} is not listed: ${reason}`)
      }
      return Promise.all(runs.map(stored))
    },
    find: async (runId) => stored(await open(runId)),
    note: async (runId, state, reason) => {
      const { folder } = await open(runId)
      try {
        const lock = await lockRun(folder)
        try {
          const status = await readRunStatus(folder)
          const known = status ?? { step: 0, stepsTotal: 0, warnings: [], skippedImages: 0 }
          await writeRunStatus(folder, { ...known, state, reason, imagesPerSecond: undefined, etaMs: undefined, updatedAt: new Date().toISOString() })
        } finally {
          await lock.release()
        }
      } catch (error) {
        if (!isEngineError(error, 'BUSY')) throw error
      }
    },
    recipe: async (runId) => readRunRecipe(await open(runId)),
    metrics: async (runId, afterStep) => readMetrics((await open(runId)).folder, afterStep),
    rename: async (runId, name) => stored(await renameRun(await open(runId), name)),
    remove: async (runId) => removeRunFolder(await open(runId)),
  }
}
