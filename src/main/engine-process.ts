/** @file The engine as an Electron utility process, in the form that the supervisor and the page's ports need. */
import { app, utilityProcess, type MessagePortMain } from 'electron'
import { fromWire, type EngineError } from '../engine/contract'
import { encodeEngineOptions, createPortEvents, isEngineRefusal, isTrainerMessage, type EngineOptions, type EngineRefusal, type Frame, type FrameChannel, type TrainerOrder } from '../engine/link'
import type { EngineProcess } from '../shell'
import { exitReason } from './exit-reason'
import type { UtilityTrainers } from './trainers'

export interface UtilityEngine extends EngineProcess {
  /** Joins a page's port to the engine. */
  attach(port: MessagePortMain): void
}

const serviceName = 'DinoScope engine'
const stopMs = 3000

/** Starts the engine. `modulePath` is the built engine process; `trainers` does what it orders. */
export function startUtilityEngine(modulePath: string, options: EngineOptions, trainers: UtilityTrainers): UtilityEngine {
  const child = utilityProcess.fork(modulePath, [encodeEngineOptions(options)], { serviceName, stdio: 'inherit' })
  const events = createPortEvents<Frame>()
  const exitListeners: ((reason: string, refusal?: EngineError) => void)[] = []
  const obey = trainers.serve((notice, ports) => {
    if (!ended) child.postMessage(notice, ports)
  })
  let gone: string | undefined
  let ended = false
  let refusal: EngineError | undefined

  // The exit code alone can be wrong (0 after a crash); `child-process-gone` comes first and knows better.
  const noteGone = (_event: unknown, details: { readonly serviceName?: string; readonly name?: string; readonly reason: string }): void => {
    if (details.serviceName === serviceName || details.name === serviceName) gone = details.reason
  }
  app.on('child-process-gone', noteGone)
  child.on('message', (message: Frame | TrainerOrder | EngineRefusal) => {
    if (isEngineRefusal(message)) refusal = fromWire(message.error)
    else if (isTrainerMessage(message)) obey(message)
    else events.deliver(message)
  })
  child.once('exit', (code) => {
    ended = true
    app.removeListener('child-process-gone', noteGone)
    const reason = exitReason(code, gone)
    events.closed(reason)
    for (const listener of exitListeners) listener(reason, refusal)
  })
  const channel: FrameChannel = {
    post: (frame) => {
      child.postMessage(frame)
    },
    onMessage: events.onMessage,
    onClose: events.onClose,
    close: () => {
      child.kill()
    },
  }
  return {
    channel,
    onExit: (listener) => exitListeners.push(listener),
    stop: (graceMs = stopMs) => {
      if (ended) return
      child.postMessage({ kind: 'stop' })
      setTimeout(() => child.kill(), graceMs).unref()
    },
    attach: (port) => {
      child.postMessage({ kind: 'attach' }, [port])
    },
  }
}
