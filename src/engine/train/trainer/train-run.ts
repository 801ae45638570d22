/** @file One run from its folder: locked, set up, stepped through, saved, and left so that it can go on. */
import { isEngineError, messageOf, type JobContext, type ProviderName, type TrainEvent, type TrainResult } from '../../contract'
import { createRuntime, type Runtime } from '../../runtime'
import { createStatusWriter, lockRun, openRunFolder, openTrainLog, readRunStatus, type RunFolder, type RunLock, type RunStatus } from '../run'
import { createDesk, type Desk } from './desk'
import { findBatch } from './find-batch'
import { writeMorningReport } from './morning-report'
import { openSetup, type Setup } from './setup'
import { trainSteps } from './train-steps'

/** What a person can ask of a run while it works; asked between steps. */
export interface TrainControl {
  paused(): boolean
  finishBy(): Date | undefined
}

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

interface Ended {
  readonly result: TrainResult
  report(): Promise<void>
}

const fresh: RunStatus = { state: 'starting', step: 0, stepsTotal: 0, warnings: [], skippedImages: 0, updatedAt: '' }

/** The last word is always said, whatever happened. */
async function withDesk(run: RunFolder, { emit }: JobContext<TrainEvent>, work: (desk: Desk) => Promise<Ended>): Promise<TrainResult> {
  const log = await openTrainLog(run.folder)
  const before = await readRunStatus(run.folder).catch(() => undefined)
  const desk = createDesk(createStatusWriter(run.folder), log, emit, before ?? fresh)
  try {
    const { result, report } = await work(desk)
    await desk.end(result.outcome, result.reason)
    // After the last word, which it repeats; a run without its report is still a run.
    await report().catch((error: unknown) => { desk.note(`no report: ${messageOf(error)}`) })
    return result
  } catch (error) {
    await desk.end('failed', messageOf(error)).catch(() => undefined)
    throw error
  } finally {
    await log.close()
  }
}

async function trainLocked(run: RunFolder, lock: RunLock, { provider, threads, control }: TrainRunOptions, desk: Desk, signal: AbortSignal): Promise<Ended> {
  desk.phase('preparing', 'opening the run')
  const runtime = await createRuntime({ preferred: provider ?? 'cpu', threads })
  try {
    const setup = await openSetup(run, lock, runtime, desk, (recipe, images) => findBatch(runtime, recipe, images, desk))
    try {
      const result = await throughTrouble(setup, runtime, control, desk, signal)
      return { result, report: () => writeMorningReport(setup, runtime, desk.skippedPictures()) }
    } finally {
      await setup.stepper.release()
    }
  } finally {
    await runtime.dispose()
  }
}

/** A folder that went away or a stop leaves a run that can go on; only what cannot is an error. */
async function throughTrouble(setup: Setup, runtime: Runtime, control: TrainControl, desk: Desk, signal: AbortSignal): Promise<TrainResult> {
  try {
    return await trainSteps(setup, runtime, control, desk, signal)
  } catch (error) {
    if (!isEngineError(error, 'SOURCE_UNAVAILABLE')) throw error
    return { outcome: 'stopped', reason: `${error.message} The run is saved; resume it when the pictures are back.`, step: setup.memory.step }
  }
}
