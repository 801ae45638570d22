/** @file The runs of a workspace: listed from their folders, one of them trained at a time, each change told. */
import { EngineError, type FeasibilityCard, type JobContext, type Progress, type RunInfo } from '../../contract'
import type { TrainerCardRequest, TrainerMachine } from '../trainer/contract'
import type { StartTrainer } from '../trainer/process'
import { startLiveRun, type LiveRun } from './live-run'
import { createPace, type Pace } from './pace'
import type { RunStore, StoredRun } from './run-store'
import { runTrial } from './trial'

export interface RunsOptions {
  readonly store: RunStore
  readonly machine: TrainerMachine
  readonly startTrainer: StartTrainer
  /** Told of each change, at most ten times a second for each run. */
  readonly onChange: (info: RunInfo) => void
  /** Told which runs are being trained, whenever that changes; so that they can be gone on with after a crash of the engine. */
  readonly onActive?: (runIds: readonly string[]) => void
}

export interface Runs {
  list(): Promise<readonly RunInfo[]>
  /** @throws EngineError NOT_FOUND */
  info(runId: string): Promise<RunInfo>
  /** Makes a run with `create` and trains it. @throws EngineError BUSY naming the run that is being trained; what `create` throws */
  start(create: () => Promise<StoredRun>): Promise<RunInfo>
  /** @throws EngineError BUSY, NOT_FOUND, BAD_REQUEST when it is finished */
  resume(runId: string): Promise<RunInfo>
  /** A trial in a process of its own. @throws EngineError BUSY while something is trained or tried; what the trial throws */
  card(request: Omit<TrainerCardRequest, keyof TrainerMachine>, context: JobContext<Progress>): Promise<FeasibilityCard>
  /** @throws EngineError NOT_FOUND, BAD_REQUEST when it is not being trained here */
  pause(runId: string, paused: boolean): Promise<RunInfo>
  finishBy(runId: string, at: string | undefined): Promise<RunInfo>
  /** Also answers for a run that has stopped by itself meanwhile. */
  stop(runId: string): Promise<RunInfo>
  rename(runId: string, name: string): Promise<RunInfo>
  /** @throws EngineError BUSY while it is being trained */
  remove(runId: string): Promise<void>
  /** Asks every trainer for a checkpoint and answers when all have ended. Nothing is started any more. */
  dispose(reason: string): Promise<void>
}

const pushIntervalMs = 100
/** The trainer of an engine that crashed writes its checkpoint first. */
const takeOverMs = 30_000
const takeOverStepMs = 250

const describe = ({ name, state }: RunInfo): string => `${JSON.stringify(name)} is ${state === 'paused' ? 'paused' : 'being trained'}`

/** Runs of `store`, trained by processes of `startTrainer`. */
export function createRuns({ store, machine, startTrainer, onChange, onActive = () => undefined }: RunsOptions): Runs {
  const live = new Map<string, LiveRun>()
  const paces = new Map<string, Pace<RunInfo>>()
  let starting: string | undefined
  let trial: { readonly abort: () => void; readonly ended: Promise<unknown> } | undefined
  let disposing = false

  const tell = (info: RunInfo): void => {
    const pace = paces.get(info.id) ?? createPace(pushIntervalMs, onChange)
    paces.set(info.id, pace)
    pace.offer(info)
  }

  const requireFree = (): void => {
    if (disposing) throw new EngineError('BUSY', 'DinoScope is being closed; nothing is started any more')
    const [other] = live.values()
    if (other !== undefined)
      throw new EngineError('BUSY', `${describe(other.info())}; one run is trained at a time. Stop it first, it can be resumed later.`, { detail: { runId: other.info().id } })
    if (starting !== undefined) throw new EngineError('BUSY', `${starting} is just being started; one run is trained at a time`)
  }

  /** Keeps the one place for `work`, which ends with a live run or fails. */
  const inPlace = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    requireFree()
    starting = what
    try {
      // A trial is of no use any more, and would share the processor with what was tried.
      trial?.abort()
      await trial?.ended
      return await work()
    } finally {
      starting = undefined
    }
  }

  const train = ({ folder, info }: StoredRun): RunInfo => {
    if (disposing) throw new EngineError('BUSY', 'DinoScope is being closed; nothing is started any more')
    const run = startLiveRun({ folder, info, store, machine, startTrainer, onChange: tell })
    live.set(info.id, run)
    onActive([...live.keys()])
    void run.ended.then(() => {
      live.delete(info.id)
      paces.get(info.id)?.flush()
      paces.delete(info.id)
      onActive([...live.keys()])
    })
    return run.info()
  }

  const requireLive = async (runId: string): Promise<LiveRun> => {
    const run = live.get(runId)
    if (run !== undefined) return run
    const { info } = await store.find(runId)
    throw new EngineError('BAD_REQUEST', `${JSON.stringify(info.name)} is not being trained here; it is ${info.state}`, { detail: { runId, state: info.state } })
  }

  const infoOf = async (runId: string): Promise<RunInfo> => live.get(runId)?.info() ?? (await store.find(runId)).info

  /** A run that nobody trains. Where its last trainer is still saving, that is waited for. */
  const findIdle = async (runId: string): Promise<StoredRun> => {
    const deadline = performance.now() + takeOverMs
    for (;;) {
      const stored = await store.find(runId)
      if (!stored.trainedElsewhere) return stored
      if (stored.info.state !== 'stopping' || performance.now() > deadline)
        throw new EngineError('BUSY', `${JSON.stringify(stored.info.name)} is being trained by another process`, { detail: { runId } })
      await new Promise((resolve) => setTimeout(resolve, takeOverStepMs))
    }
  }

  return {
    list: async () => (await store.list()).map(({ info }) => live.get(info.id)?.info() ?? info),
    info: infoOf,
    start: (create) => inPlace('a new run', async () => train(await create())),
    resume: async (runId) => {
      const running = live.get(runId)
      if (running !== undefined) throw new EngineError('BUSY', describe(running.info()), { detail: { runId } })
      return inPlace('another run', async () => {
        const stored = await findIdle(runId)
        if (stored.info.state === 'finished')
          throw new EngineError('BAD_REQUEST', `${JSON.stringify(stored.info.name)} is finished; a new run can begin with its weights`, { detail: { runId } })
        return train(stored)
      })
    },
    card: async (request, { signal, emit }) => {
      requireFree()
      if (trial !== undefined) throw new EngineError('BUSY', 'another trial is running; it ends within a minute or two')
      const abort = new AbortController()
      const work = runTrial(startTrainer, { ...machine, ...request }, { signal: AbortSignal.any([signal, abort.signal]), emit })
      trial = {
        abort: () => {
          abort.abort(new EngineError('CANCELLED', 'the trial was ended, as training begins'))
        },
        ended: work.catch(() => undefined),
      }
      try {
        return await work
      } finally {
        trial = undefined
      }
    },
    pause: async (runId, paused) => {
      const run = await requireLive(runId)
      await run.pause(paused)
      return run.info()
    },
    finishBy: async (runId, at) => {
      const run = await requireLive(runId)
      await run.finishBy(at)
      return run.info()
    },
    stop: async (runId) => {
      const run = live.get(runId)
      return run === undefined ? infoOf(runId) : run.stop()
    },
    rename: async (runId, name) => {
      const { info } = await store.rename(runId, name)
      const run = live.get(runId)
      run?.rename(name)
      if (run === undefined) onChange(info)
      return run?.info() ?? info
    },
    remove: async (runId) => {
      const run = live.get(runId)
      if (run !== undefined) throw new EngineError('BUSY', `${describe(run.info())}; stop it before you delete it`, { detail: { runId } })
      await store.remove(runId)
    },
    dispose: async (reason) => {
      disposing = true
      trial?.abort()
      await Promise.all([trial?.ended, ...[...live.values()].map((run) => run.stop(reason))])
    },
  }
}
