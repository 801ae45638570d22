/** @file Which runs the engine trains at the moment, for what a shell does about it: keeping awake, and waiting longer at the end. */
import type { Client, EngineContract, RunInfo, RunState, Unsubscribe } from '../engine/contract'
import type { EngineState } from './supervisor'

/** The part of a supervised engine that is used. */
export interface WatchedEngine {
  state(): EngineState
  onState(listener: (state: EngineState) => void): Unsubscribe
  client(): Pick<Client<EngineContract>, 'runs.changed'>
}

export interface TrainingWatch {
  /** Whether a trainer is alive, paused or not: it has a checkpoint to write before it ends. */
  hasTrainer(): boolean
  /** Whether something computes. */
  isTraining(): boolean
}

const computing: ReadonlySet<RunState> = new Set(['starting', 'running', 'stopping'])

/** Calls `onTraining` with each change between training and not. An engine that is gone trains nothing. */
export function watchTraining(engine: WatchedEngine, onTraining: (training: boolean) => void): TrainingWatch {
  const alive = new Map<string, RunState>()
  let told = false

  const tell = (): void => {
    const training = [...alive.values()].some((state) => computing.has(state))
    if (training === told) return
    told = training
    onTraining(training)
  }
  const note = ({ id, state }: RunInfo): void => {
    if (computing.has(state) || state === 'paused') alive.set(id, state)
    else alive.delete(id)
    tell()
  }
  const follow = (): void => {
    // Each process is a new conversation; that of the last one has ended with it.
    const client = engine.client()
    client['runs.changed'](note)
  }

  if (engine.state().kind === 'running') follow()
  engine.onState(({ kind }) => {
    alive.clear()
    tell()
    if (kind === 'running') follow()
  })
  return {
    hasTrainer: () => alive.size > 0,
    isTraining: () => told,
  }
}

/** How long a shell waits for the engine at its end while a trainer writes its checkpoint; without one it is not waited for long. */
export const trainingStopMs = 60_000
