/** @file What the engine needs of the run folders; `disk-store.ts` is the real one. */
import type { MetricSeries, RunInfo, RunState } from '../../contract'

/** A run in its folder. */
export interface StoredRun {
  readonly folder: string
  /** As the disk tells it: a run whose trainer is gone without a word is `interrupted`. */
  readonly info: RunInfo
  /** Whether a process that lives has locked it. */
  readonly trainedElsewhere: boolean
}

export interface RunStore {
  /** Every run that can be read, the newest first. */
  list(): Promise<readonly StoredRun[]>
  /** @throws EngineError NOT_FOUND */
  find(runId: string): Promise<StoredRun>
  /** Writes down how a run stands that no trainer is at; while one is, nothing happens, since that one knows better. */
  note(runId: string, state: RunState, reason: string | undefined): Promise<void>
  recipe(runId: string): Promise<string>
  metrics(runId: string, afterStep: number): Promise<MetricSeries>
  rename(runId: string, name: string): Promise<StoredRun>
  /** @throws EngineError BUSY while a trainer is at it */
  remove(runId: string): Promise<void>
}
