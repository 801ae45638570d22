/** @file The engine as a forked Node process, in the form that the supervisor needs. */
import { fork } from 'node:child_process'
import { fromWire, type EngineError } from '../../engine/contract'
import { createPortEvents, encodeEngineOptions, isEngineRefusal, type EngineOptions, type EngineRefusal, type Frame } from '../../engine/link'
import type { EngineProcess } from '../../shell'

const stopMs = 3000

function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `it was ended by ${signal}`
  return code === 0 ? 'it ended' : `it ended with code ${code ?? 'unknown'}`
}

/** Starts the engine. Whatever it prints goes to stderr, since stdout carries results. */
export function forkEngine(modulePath: string, options: EngineOptions): EngineProcess & { readonly pid: number | undefined } {
  const child = fork(modulePath, [encodeEngineOptions(options)], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'], execArgv: [] })
  const events = createPortEvents<Frame>()
  const exitListeners: ((reason: string, refusal?: EngineError) => void)[] = []
  let refusal: EngineError | undefined
  const end = (reason: string): void => {
    if (events.isClosed()) return
    events.closed(reason)
    for (const listener of exitListeners) listener(reason, refusal)
  }
  let stopping = false
  const stop = (graceMs = stopMs): void => {
    if (stopping) return
    stopping = true
    // It ends when the conversation does; a run of the model that does not return is not waited for.
    if (child.connected) child.disconnect()
    setTimeout(() => child.kill('SIGKILL'), graceMs).unref()
  }
  child.on('message', (message) => {
    const frame = message as Frame | EngineRefusal
    if (isEngineRefusal(frame)) refusal = fromWire(frame.error)
    else events.deliver(frame)
  })
  // The conversation counts as ended when the process has, so that the reason is known and nobody asks a dying one.
  child.once('exit', (code, signal) => {
    end(exitReason(code, signal))
  })
  child.once('error', (error) => {
    end(`it could not be started: ${error.message}`)
  })
  child.once('disconnect', () => {
    stop()
  })
  return {
    pid: child.pid,
    channel: {
      post: (frame) => {
        // A send that races the end of the process fails here; its exit is what counts.
        if (child.connected) child.send(frame, () => undefined)
      },
      onMessage: events.onMessage,
      onClose: events.onClose,
      close: stop,
    },
    onExit: (listener) => exitListeners.push(listener),
    stop,
  }
}
