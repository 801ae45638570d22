/** @file Runs without folders and trainers without processes, for the tests of who starts, steers and ends them. */
import { EngineError, type ClientMessage, type HostMessage, type JobContext, type RunInfo, type TrainEvent, type TrainResult } from '../../../../src/engine/contract'
import type { RunStore, StoredRun } from '../../../../src/engine/host/runs/run-store'
import { createExitNews } from '../../../../src/engine/host/trainer/exit-news'
import type { StartTrainer } from '../../../../src/engine/host/trainer/process'
import { serveTrainer, type Training } from '../../../../src/engine/host/trainer/serve-trainer'
import type { TrainControl } from '../../../../src/engine/train'
import { memoryPair } from '../../../../src/engine/link'

export const summary = { method: 'dino', architecture: 'ViT-Ti/16', patchSize: 16, backboneParameters: 100, headParameters: 50, globalSize: 224, localSize: 96, localCrops: 8, batch: 4, accumulate: 1 } as const

/** A run that has never been trained. */
export function runInfo(changes: Partial<RunInfo> = {}): RunInfo {
  return {
    id: 'night-1',
    name: 'Night 1',
    state: 'starting',
    reason: undefined,
    createdAt: '2026-11-25T00:00:00.000Z',
    updatedAt: '2026-11-25T00:00:00.000Z',
    summary,
    source: '/photos',
    images: 1000,
    init: undefined,
    step: 0,
    stepsTotal: 100,
    imagesPerSecond: undefined,
    etaMs: undefined,
    latest: undefined,
    bestKnn: undefined,
    checkpoints: [],
    warnings: [],
    skippedImages: 0,
    hasReport: false,
    sizeBytes: 0,
    ...changes,
  }
}

/** Runs in memory; `notes` lists what was written down about them. */
export function fakeStore(...infos: readonly RunInfo[]): RunStore & { readonly notes: string[]; change(runId: string, changes: Partial<StoredRun>): void } {
  const runs = new Map<string, StoredRun>(infos.map((info) => [info.id, { folder: `/runs/${info.id}`, info, trainedElsewhere: false }]))
  const notes: string[] = []
  const find = (runId: string): StoredRun => {
    const run = runs.get(runId)
    if (run === undefined) throw new EngineError('NOT_FOUND', `no run ${runId}`)
    return run
  }
  const change = (runId: string, changes: Partial<StoredRun>): void => {
    runs.set(runId, { ...find(runId), ...changes })
  }
  return {
    notes,
    change,
    list: () => Promise.resolve([...runs.values()]),
    find: (runId) => Promise.resolve().then(() => find(runId)),
    note: (runId, state, reason) => {
      notes.push(`${runId} ${state}: ${reason ?? ''}`)
      change(runId, { info: { ...find(runId).info, state, reason } })
      return Promise.resolve()
    },
    recipe: () => Promise.resolve('preset: tiny-smoke\n'),
    metrics: () => Promise.resolve({ steps: new Float64Array(), columns: {} }),
    rename: (runId, name) => {
      change(runId, { info: { ...find(runId).info, name } })
      return Promise.resolve(find(runId))
    },
    remove: (runId) => {
      runs.delete(runId)
      return Promise.resolve()
    },
  }
}

export interface FakeTraining {
  readonly folder: string
  readonly control: TrainControl
  readonly signal: AbortSignal
  emit(event: TrainEvent): void
  finish(result: TrainResult): void
  fail(error: Error): void
  /** As a kill would end it. */
  crash(reason: string): void
}

export interface FakeTrainers {
  readonly start: StartTrainer
  /** One for each training that was ever begun. */
  readonly trainings: FakeTraining[]
  /** What became of the processes, in order. */
  readonly log: string[]
}

/** A trainer that is stopped writes a checkpoint of its last step, unless `deaf`. */
export function fakeTrainers({ deaf = false, card = (): ReturnType<Training['card']> => new Promise(() => undefined) }: { readonly deaf?: boolean; readonly card?: Training['card'] } = {}): FakeTrainers {
  const trainings: FakeTraining[] = []
  const log: string[] = []
  let started = 0
  const start: StartTrainer = () => {
    const number = ++started
    const [engine, trainer] = memoryPair<ClientMessage, HostMessage>()
    const exit = createExitNews()
    log.push(`start ${number}`)
    const end = (reason: string): void => {
      log.push(`end ${number}: ${reason}`)
      trainer.close()
      exit.tell(reason)
    }
    const run = (options: { readonly folder: string; readonly control: TrainControl }, { signal, emit }: JobContext<TrainEvent>): Promise<TrainResult> =>
      new Promise((resolve, reject) => {
        trainings.push({ ...options, signal, emit, finish: resolve, fail: reject, crash: end })
        if (deaf) return
        signal.addEventListener('abort', () => {
          emit({ kind: 'checkpoint', checkpoint: { step: 7, best: false, savedAt: '2026-11-25T01:00:00.000Z' } })
          resolve({ outcome: 'stopped', reason: undefined, step: 7 })
        })
      })
    const served = serveTrainer({ run, card, tryGraph: () => Promise.reject(new Error('nothing is tried here')) })
    served.attach(trainer)
    let ended = false
    const endOnce = (reason: string): void => {
      if (ended) return
      ended = true
      end(reason)
    }
    trainer.onClose(() => void served.end('the engine is gone').then(() => {
      endOnce('it ended')
    }))
    return {
      port: engine,
      onExit: exit.listen,
      kill: () => {
        endOnce('it was killed')
      },
    }
  }
  return { start, trainings, log }
}

/** An event of a step whose loss is the step's number. */
export function stepEvent(step: number): TrainEvent {
  return { kind: 'step', metrics: { step, values: { loss: step } }, stepsTotal: 100, imagesPerSecond: 4, etaMs: 1000 * (100 - step) }
}
