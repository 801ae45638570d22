/** @file Entry of the engine process: under Electron's utilityProcess or a plain fork, the same engine over either channel. */
import { mkdirSync } from 'node:fs'
import { isEngineError, messageOf, toWire, type ClientMessage, type HostMessage } from '../contract'
import {
  acceptPorts,
  childProcessPort,
  createPortEvents,
  decodeEngineOptions,
  isTrainerMessage,
  messagePort,
  type EngineRefusal,
  type Frame,
  type FrameChannel,
  type MessagePortLike,
  type TrainerNotice,
} from '../link'
import { enterEmptyFolder } from './empty-folder'
import { createEngine } from './engine'
import { createOrderedTrainers, type OrderedTrainers } from './trainer/ordered-trainer'

/** Electron's `process.parentPort`, stated here so that the engine needs no Electron. */
interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown; readonly ports: readonly MessagePortLike[] }) => void): unknown
}

type Order = Frame | TrainerNotice | { readonly kind: 'attach' } | { readonly kind: 'stop' }

interface Shell {
  readonly channel: FrameChannel
  /** Ports that the shell hands over, each a page's own. */
  onAttach(listener: (port: MessagePortLike) => void): void
  onStop(listener: () => void): void
}

function electronShell(parent: ParentPort, trainers: OrderedTrainers | undefined): Shell {
  const events = createPortEvents<Frame>()
  const attachListeners: ((port: MessagePortLike) => void)[] = []
  const stopListeners: (() => void)[] = []
  parent.on('message', ({ data, ports }) => {
    const order = data as Order
    const [port] = ports
    if (order.kind === 'stop') for (const stop of stopListeners) stop()
    else if (isTrainerMessage(order)) trainers?.hear(order, port)
    else if (order.kind !== 'attach') events.deliver(order)
    else if (port !== undefined) for (const attach of attachListeners) attach(port)
  })
  return {
    channel: {
      post: (frame) => {
        parent.postMessage(frame)
      },
      onMessage: events.onMessage,
      onClose: events.onClose,
      close: () => undefined,
    },
    onAttach: (listener) => attachListeners.push(listener),
    onStop: (listener) => stopListeners.push(listener),
  }
}

function forkedShell(): Shell {
  const channel: FrameChannel = childProcessPort<Frame, Frame>(process)
  return {
    channel,
    onAttach: () => undefined,
    onStop: (listener) => {
      // The shell ends the conversation to end the engine, and so does its own death.
      channel.onClose(listener)
      process.on('SIGTERM', listener)
    },
  }
}

async function main(): Promise<void> {
  const options = decodeEngineOptions(process.argv[2])
  mkdirSync(options.workspace, { recursive: true })
  enterEmptyFolder()
  // Ctrl-C in a terminal reaches every process of the group; the shell decides when this one ends.
  process.on('SIGINT', () => undefined)
  const { parentPort } = process as { readonly parentPort?: ParentPort }
  // Under Electron main starts the trainers; a plain process forks them by itself.
  const trainers =
    parentPort === undefined
      ? undefined
      : createOrderedTrainers((order) => {
          parentPort.postMessage(order)
        })
  const engine = await createEngine(options, trainers?.start)

  // Both channels keep what arrives until somebody listens, so nothing is lost before this.
  const shell = parentPort === undefined ? forkedShell() : electronShell(parentPort, trainers)
  acceptPorts<HostMessage, ClientMessage>(shell.channel, engine.host.attach)
  shell.onAttach((port) => {
    engine.host.attach(messagePort<HostMessage, ClientMessage>(port))
  })
  shell.onStop(() => {
    const end = (): void => process.exit(0)
    engine.dispose().then(end, end)
  })
}

/** Time in which a message reaches the shell before the process ends; Electron does not tell when it has. */
const farewellMs = 100

/** What the engine itself says against starting is the shell's to tell; anything else is a crash. */
function refuse(error: unknown): void {
  const { parentPort } = process as { readonly parentPort?: ParentPort }
  const end = (): void => process.exit(1)
  if (!isEngineError(error) || (parentPort === undefined && process.send === undefined)) {
    process.stderr.write(`dinoscope engine: ${messageOf(error)}\n`)
    end()
    return
  }
  const refusal: EngineRefusal = { kind: 'refused', error: toWire(error) }
  if (parentPort === undefined) process.send?.(refusal)
  else parentPort.postMessage(refusal)
  setTimeout(end, farewellMs)
}

main().catch(refuse)
