/** @file One run from its folder: locked, set up, stepped through, saved, and left so that it can go on. */
import { messageOf, type JobContext, type ProviderName, type TrainEvent, type TrainResult } from '../../contract'
import { createStatusWriter, lockRun, openRunFolder, openTrainLog, readRunStatus, type RunFolder, type RunLock, type RunStatus } from '../run'
import type { TrainControl } from './control'
import { createDesk, type Desk } from './desk'
import { writeMorningReport } from './morning-report'
import { openSetup } from './setup'
import { reasonOf, trainSteps } from './train-steps'
import { openTrainingRuntime } from './training-runtime'

export interface TrainRunOptions {
  /** Of the run; everything else lies in it. */
  readonly folder: string
  readonly provider?: ProviderName
  readonly threads?: number
  readonly control: TrainControl
}

/**
 * Starts a run, or goes on from its newest valid checkpoint. When the signal is aborted it writes a checkpoint and
 * answers `stopped`.
 * @throws EngineError BUSY when another process trains it; CHECKPOINT, RECIPE, TRAIN_INIT, TRAIN_IMAGES,
 *   NON_FINITE_LOSS after the third time; the run's status then says `failed` and why
 */
export async function trainRun(options: TrainRunOptions, context: JobContext<TrainEvent>): Promise<TrainResult> {
  const run = await openRunFolder(options.folder)
  const lock = await lockRun(run.folder)
  try {
    return await withDesk(run, context, (desk) => trainLocked(run, lock, options, desk, context.signal))
  } finally {
    await lock.release()
  }
}

/** How a run ended, for better or worse. */
type End = { readonly result: TrainResult } | { readonly error: unknown }

interface Ended {
  readonly end: End
  report(): Promise<void>
}

const fresh: RunStatus = { state: 'starting', step: 0, stepsTotal: 0, warnings: [], skippedImages: 0, updatedAt: '' }

/** The last word is always said, whatever happened, and after it the report, which repeats it. */
async function withDesk(run: RunFolder, { emit }: JobContext<TrainEvent>, work: (desk: Desk) => Promise<Ended>): Promise<TrainResult> {
  const log = await openTrainLog(run.folder)
  const before = await readRunStatus(run.folder).catch(() => undefined)
  const desk = createDesk(createStatusWriter(run.folder), log, emit, before ?? fresh)
  try {
    const { end, report } = await work(desk).catch((error: unknown): Ended => ({ end: { error }, report: () => Promise.resolve() }))
    await ('result' in end ? desk.end(end.result.outcome, end.result.reason) : desk.end('failed', messageOf(end.error))).catch((error: unknown) => { desk.note(messageOf(error)) })
    // A run without its report is still a run.
    await report().catch((error: unknown) => { desk.note(`no report: ${messageOf(error)}`) })
    if ('result' in end) return end.result
    throw end.error
  } finally {
    await log.close()
  }
}

async function trainLocked(run: RunFolder, lock: RunLock, { provider, threads, control }: TrainRunOptions, desk: Desk, signal: AbortSignal): Promise<Ended> {
  desk.phase('preparing', 'opening the run')
  const runtime = await openTrainingRuntime(provider, threads)
  try {
    const setup = await openSetup(run, lock, runtime, desk, signal)
    try {
      const end = await trainSteps(setup, runtime, control, desk, signal).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      )
      return { end, report: () => writeMorningReport(setup, runtime, desk.skippedPictures()) }
    } finally {
      await setup.stepper.release()
    }
  } catch (error) {
    // Nothing was begun that could be lost.
    if (signal.aborted && error === signal.reason) return { end: { result: { outcome: 'stopped', reason: reasonOf(signal), step: desk.step() } }, report: () => Promise.resolve() }
    throw error
  } finally {
    await runtime.dispose()
  }
}
