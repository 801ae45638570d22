/** @file The life of a trainer process: it serves one engine, and when that is gone or it is told to end, it saves and ends. */
import type { ClientMessage, HostMessage, HostPort } from '../../contract'
import { childProcessPort, messagePort, type MessagePortLike } from '../../link'
import { enterEmptyFolder } from '../empty-folder'
import { serveTrainer, type Training } from './serve-trainer'

/** Electron's `process.parentPort`, stated here so that the engine needs no Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown; readonly ports: readonly MessagePortLike[] }) => void): unknown
}

/** Beyond this a checkpoint is not going to be finished, and nobody is left who would end the process. */
const endLimitMs = 10 * 60_000

function acceptEngine(onPort: (port: HostPort) => void): void {
  const { parentPort } = process as { readonly parentPort?: ParentPort }
  if (parentPort === undefined) onPort(childProcessPort<HostMessage, ClientMessage>(process))
  else
    parentPort.on('message', ({ ports: [port] }) => {
      if (port !== undefined) onPort(messagePort<HostMessage, ClientMessage>(port))
    })
}

/** Makes this process a trainer. It exits with 0 once everything is on disk. */
export function runTrainerProcess(training: Training): void {
  enterEmptyFolder()
  const trainer = serveTrainer(training)
  let ending = false
  const end = (reason: string): void => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(1), endLimitMs).unref()
    // What was sent last, the result above all, must have left before the process does.
    void trainer.end(reason).then(() => setTimeout(() => process.exit(0), 50))
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      end(`the system asked it to end (${signal})`)
    })
  acceptEngine((port) => {
    // Before the host hears of it, which would cancel without saying why.
    port.onClose(() => {
      end('DinoScope was closed or its engine stopped')
    })
    trainer.attach(port)
  })
}
