/** @file Analyses on their way and a few that have arrived: one asked for at a time, the next prepared, the rest cancelled. */
import type { AnalyseRequest, Analysis, JobHandle, Progress } from '../../engine/contract'

type StartAnalysis = (request: AnalyseRequest, onEvent: (progress: Progress) => void) => JobHandle<Analysis>

interface Entry {
  readonly handle: JobHandle<Analysis>
  onProgress: ((progress: Progress) => void) | undefined
  settled: boolean
}

export interface AnalysisLoader {
  /** The analysis; everything else that still runs is cancelled, unless it is the same, prepared earlier. */
  load(request: AnalyseRequest, onProgress: (progress: Progress) => void): Promise<Analysis>
  /** Starts an analysis that is likely to be asked for next. */
  prefetch(request: AnalyseRequest): void
  /** Drops one analysis that the engine no longer knows. */
  forget(request: AnalyseRequest): void
  /** Cancels what runs. */
  stop(): void
  /** Drops everything, for another folder, engine or list of models. */
  clear(): void
}

const keyOf = ({ imageId, modelId, size, tiled = false }: AnalyseRequest): string => JSON.stringify([imageId, modelId, size, tiled])

/** Keeps the last `kept` analyses, so that going back shows at once. */
export function createAnalysisLoader(start: StartAnalysis, kept = 6): AnalysisLoader {
  const entries = new Map<string, Entry>()

  const begin = (key: string, request: AnalyseRequest): Entry => {
    const handle = start(request, (progress) => entry.onProgress?.(progress))
    const entry: Entry = { handle, onProgress: undefined, settled: false }
    entries.set(key, entry)
    handle.result.then(
      () => {
        entry.settled = true
        shrink()
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key)
      },
    )
    return entry
  }

  const shrink = (): void => {
    const settled = [...entries].filter(([, entry]) => entry.settled)
    for (const [key] of settled.slice(0, Math.max(0, settled.length - kept))) entries.delete(key)
  }

  const stopOthers = (exceptKey?: string): void => {
    for (const [key, entry] of entries) {
      if (entry.settled || key === exceptKey) continue
      entries.delete(key)
      void entry.handle.cancel()
    }
  }

  return {
    load: (request, onProgress) => {
      const key = keyOf(request)
      stopOthers(key)
      const entry = entries.get(key) ?? begin(key, request)
      entry.onProgress = onProgress
      // To the end of the map, where the freshest are kept.
      entries.delete(key)
      entries.set(key, entry)
      return entry.handle.result
    },
    prefetch: (request) => {
      const key = keyOf(request)
      if (!entries.has(key)) begin(key, request)
    },
    forget: (request) => {
      entries.delete(keyOf(request))
    },
    stop: () => {
      stopOthers()
    },
    clear: () => {
      stopOthers()
      entries.clear()
    },
  }
}
