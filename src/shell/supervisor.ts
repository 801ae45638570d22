/** @file Keeps one engine process running: its conversations, its crashes as data, its restarts by policy. */
import { connect, engineContract, EngineError, messageOf, type Client, type ClientMessage, type ClientPort, type EngineContract, type HostMessage, type Unsubscribe } from '../engine/contract'
import { openPorts, type FrameChannel } from '../engine/link'
import { nextRestartDelayMs } from './restart-policy'

/** A started engine process as either shell provides it. */
export interface EngineProcess {
  readonly channel: FrameChannel
  /** Tells once that the process has ended, and why, in words; `refusal` where it could not start and never will as things are. */
  onExit(listener: (reason: string, refusal?: EngineError) => void): void
  /** Asks it to end, then makes it end after `graceMs`, by default three seconds; `onExit` tells when. */
  stop(graceMs?: number): void
}

export type EngineState =
  | { readonly kind: 'running' }
  | { readonly kind: 'restarting'; readonly reason: string; readonly delayMs: number }
  | { readonly kind: 'stopped'; readonly reason: string; readonly refusal?: EngineError }

export interface SupervisedEngine<P extends EngineProcess> {
  state(): EngineState
  onState(listener: (state: EngineState) => void): Unsubscribe
  /** The process itself while it runs. */
  process(): P | undefined
  /** A new conversation; it closes when the process ends. @throws EngineError ENGINE_EXITED while none runs */
  openPort(): ClientPort
  /** The shell's own conversation with the process that runs now. @throws EngineError ENGINE_EXITED while none runs */
  client(): Client<EngineContract>
  /** Answers when an engine runs, at once or after its restart. @throws EngineError ENGINE_EXITED when none will */
  ready(): Promise<void>
  /** Ends the process for good and answers when it has ended; it is made to end after `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

interface Running<P> {
  readonly process: P
  readonly openPort: () => ClientPort
  readonly client: Client<EngineContract>
}

/** Starts the engine with `start` and again after each crash, then with `restarted`. */
export function superviseEngine<P extends EngineProcess>(start: (restarted: boolean) => P, now: () => number = () => performance.now()): SupervisedEngine<P> {
  const listeners = new Set<(state: EngineState) => void>()
  const waiting: (() => void)[] = []
  const restartsMs: number[] = []
  let running: Running<P> | undefined
  let state: EngineState = { kind: 'running' }
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let ended: () => void = () => undefined

  const change = (next: EngineState): void => {
    state = next
    if (next.kind !== 'restarting') for (const resolve of waiting.splice(0)) resolve()
    for (const listener of [...listeners]) listener(next)
  }

  const exited = (reason: string, refusal?: EngineError): void => {
    running = undefined
    if (stopping) {
      change({ kind: 'stopped', reason: 'it was stopped' })
      ended()
      return
    }
    if (refusal !== undefined) {
      change({ kind: 'stopped', reason: refusal.message, refusal })
      return
    }
    const delayMs = nextRestartDelayMs(restartsMs, now())
    if (delayMs === undefined) {
      change({ kind: 'stopped', reason: `${reason}; it crashed too often to be started again` })
      return
    }
    restartsMs.push(now())
    timer = setTimeout(launch, delayMs)
    change({ kind: 'restarting', reason, delayMs })
  }

  const launch = (): void => {
    let process: P
    try {
      process = start(restartsMs.length > 0)
    } catch (error) {
      exited(`it could not be started: ${messageOf(error)}`)
      return
    }
    const openPort = openPorts<ClientMessage, HostMessage>(process.channel)
    running = { process, openPort, client: connect(engineContract, openPort()).client }
    process.onExit(exited)
    change({ kind: 'running' })
  }

  const current = (): Running<P> => {
    if (running === undefined) throw new EngineError('ENGINE_EXITED', `The engine is not running: ${state.kind === 'running' ? 'it has not started yet' : state.reason}`)
    return running
  }

  launch()
  return {
    state: () => state,
    onState: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    process: () => running?.process,
    openPort: () => current().openPort(),
    client: () => current().client,
    ready: async () => {
      if (state.kind === 'restarting') await new Promise<void>((resolve) => waiting.push(resolve))
      current()
    },
    stop: async (graceMs) => {
      stopping = true
      clearTimeout(timer)
      if (running === undefined) {
        change({ kind: 'stopped', reason: 'it was stopped' })
        return
      }
      const end = new Promise<void>((resolve) => {
        ended = resolve
      })
      running.process.stop(graceMs)
      await end
    },
  }
}
