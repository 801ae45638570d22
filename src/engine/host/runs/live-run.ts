/** @file One run that is being trained: its trainer process, started again when it crashes, and how the run stands. */
import { connect, EngineError, isEngineError, messageOf, type Client, type JobHandle, type RunInfo, type TrainResult } from '../../contract'
import { trainerContract, type TrainerContract, type TrainerMachine } from '../trainer/contract'
import type { StartTrainer, TrainerProcess } from '../trainer/process'
import { afterEvent } from './live-info'
import type { RunStore } from './run-store'
import { maxRestarts, nextTrainerDelayMs } from './trainer-restarts'

/** A step of a large model takes a minute on a slow machine, and a checkpoint of gigabytes another: longer than that, it hangs. */
const stopLimitMs = 5 * 60_000
/** After its last word a trainer has only its memory to free. */
const exitLimitMs = 15_000

export interface LiveRunOptions {
  readonly folder: string
  readonly info: RunInfo
  readonly store: RunStore
  readonly machine: TrainerMachine
  readonly startTrainer: StartTrainer
  /** Told of every change; the caller paces. */
  readonly onChange: (info: RunInfo) => void
  readonly now?: () => number
}

export interface LiveRun {
  info(): RunInfo
  pause(paused: boolean): Promise<void>
  finishBy(at: string | undefined): Promise<void>
  /** Asks for a checkpoint and the end, and answers when both are there. `reason` is what the run will say of it. */
  stop(reason?: string): Promise<RunInfo>
  rename(name: string): void
  /** How it ended, after the last change has been told. Never rejects. */
  readonly ended: Promise<RunInfo>
}

type Ending =
  | { readonly kind: 'done'; readonly result: TrainResult }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'crashed'; readonly reason: string }

/** A wait that ends early when `signal` is aborted. */
function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
    if (signal.aborted) resolve()
  })
}

/** Waits for the end of a process that has nothing left to do, and ends it where it does not end by itself. */
async function reap(trainer: TrainerProcess, exited: Promise<string>): Promise<void> {
  trainer.port.close()
  const timer = setTimeout(trainer.kill, exitLimitMs)
  await exited
  clearTimeout(timer)
}

/** Starts training what lies in `folder`, or goes on with it. */
export function startLiveRun(options: LiveRunOptions): LiveRun {
  const { folder, store, machine, startTrainer, onChange, now = () => performance.now() } = options
  const runId = options.info.id
  const stopping = new AbortController()
  const restartsMs: number[] = []
  let info: RunInfo = { ...options.info, state: 'starting', reason: undefined, imagesPerSecond: undefined, etaMs: undefined, finishBy: undefined }
  let paused = false
  let finishBy: string | undefined
  let stopReason: string | undefined
  let current: { readonly client: Client<TrainerContract>; readonly job: JobHandle<TrainResult>; readonly trainer: TrainerProcess } | undefined

  const change = (next: RunInfo): void => {
    info = { ...next, name: info.name }
    onChange(info)
  }

  /** What only the disk knows, after the trainer has written to it. */
  const refresh = async (): Promise<void> => {
    const stored = await store.find(runId).catch(() => undefined)
    if (stored === undefined || current === undefined) return
    const { checkpoints, sizeBytes, hasReport } = stored.info
    change({ ...info, checkpoints, sizeBytes, hasReport })
  }

  /** One trainer from its start to its end. */
  const attempt = async (): Promise<Ending> => {
    let trainer: TrainerProcess
    try {
      trainer = startTrainer()
    } catch (error) {
      return { kind: 'crashed', reason: `it could not be started: ${messageOf(error)}` }
    }
    const exited = new Promise<string>((resolve) => {
      trainer.onExit(resolve)
    })
    const { client } = connect(trainerContract, trainer.port)
    const job = client['trainer.run']({ ...machine, folder, paused, finishBy }, (event) => {
      change(afterEvent(info, event, new Date().toISOString()))
      if (event.kind === 'checkpoint') void refresh()
    })
    current = { client, job, trainer }
    try {
      const result = await job.result
      return { kind: 'done', result }
    } catch (error) {
      return isEngineError(error, 'ENGINE_EXITED') ? { kind: 'crashed', reason: await exited } : { kind: 'failed', error }
    } finally {
      current = undefined
      await reap(trainer, exited)
    }
  }

  /** The run as the disk tells it, with what only this process knows of its end. */
  const settle = async (state: 'finished' | 'stopped' | 'interrupted' | 'failed', reason: string | undefined): Promise<RunInfo> => {
    await store.note(runId, state, reason).catch(() => undefined)
    const stored = await store.find(runId).catch(() => undefined)
    change({ ...(stored?.info ?? info), state, reason, imagesPerSecond: undefined, etaMs: undefined, finishBy: undefined })
    return info
  }

  /** Another process trains it: how it stands is for that one to say. */
  const leaveToOther = async (error: Error): Promise<RunInfo> => {
    const stored = await store.find(runId).catch(() => undefined)
    change({ ...(stored?.info ?? info), reason: error.message })
    return info
  }

  const run = async (): Promise<RunInfo> => {
    for (;;) {
      const stepBefore = info.step
      let ending = await attempt()
      // A device that was lost is only had again by another process; one that never worked is not.
      if (ending.kind === 'failed' && isEngineError(ending.error, 'RUNTIME') && info.step > stepBefore) ending = { kind: 'crashed', reason: messageOf(ending.error) }
      if (ending.kind === 'done') {
        const { outcome, reason } = ending.result
        // A person who stopped it needs no reason; the trainer only knows that it was cancelled.
        return settle(outcome, outcome === 'stopped' && stopping.signal.aborted ? stopReason : reason)
      }
      if (ending.kind === 'failed') {
        if (isEngineError(ending.error, 'CANCELLED')) return settle('stopped', stopReason)
        if (isEngineError(ending.error, 'BUSY')) return leaveToOther(ending.error)
        return settle('failed', messageOf(ending.error))
      }
      if (stopping.signal.aborted) return settle('interrupted', `while it was being stopped, the trainer ended: ${ending.reason}`)
      const delayMs = nextTrainerDelayMs(restartsMs, now())
      if (delayMs === undefined)
        return settle('interrupted', `the trainer ended: ${ending.reason}; it was started again ${maxRestarts} times within ten minutes and is left alone now. Resume goes on from the newest checkpoint.`)
      restartsMs.push(now())
      await store.note(runId, 'interrupted', `the trainer ended: ${ending.reason}`).catch(() => undefined)
      change({ ...info, state: 'starting', reason: `the trainer ended: ${ending.reason}; it goes on from the newest checkpoint`, imagesPerSecond: undefined, etaMs: undefined })
      await pauseFor(delayMs, stopping.signal)
      if (stopping.signal.aborted) return settle('interrupted', `the trainer ended: ${ending.reason}`)
    }
  }

  onChange(info)
  const ended = run()
  return {
    info: () => info,
    pause: async (value) => {
      paused = value
      await current?.client['trainer.pause']({ paused })
      if (info.state === 'running' && value) change({ ...info, state: 'paused', imagesPerSecond: undefined, etaMs: undefined })
      else if (info.state === 'paused' && !value) change({ ...info, state: 'running', reason: undefined })
    },
    finishBy: async (at) => {
      finishBy = at
      await current?.client['trainer.finishBy']({ at })
      change({ ...info, finishBy: at })
    },
    stop: async (reason) => {
      stopReason ??= reason
      if (!stopping.signal.aborted) {
        stopping.abort(new EngineError('CANCELLED', 'the run was stopped'))
        const trainer = current?.trainer
        change({ ...info, state: 'stopping', reason: 'writing a checkpoint' })
        void current?.job.cancel()
        const timer = setTimeout(() => trainer?.kill(), stopLimitMs)
        void ended.then(() => {
          clearTimeout(timer)
        })
      }
      return ended
    },
    rename: (name) => {
      info = { ...info, name }
      change(info)
    },
    ended,
  }
}
