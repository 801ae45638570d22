/** @file A trainer as a forked Node process, where the engine itself runs under plain Node. */
import { fork } from 'node:child_process'
import type { ClientMessage, HostMessage } from '../../contract'
import { createPortEvents } from '../../link'
import { createExitNews } from './exit-news'
import type { TrainerProcess } from './process'

const lastWordsMs = 1000

function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `it was ended by ${signal}`
  return code === 0 ? 'it ended' : `it ended with code ${code ?? 'unknown'}`
}

/** Starts the built trainer at `modulePath`. Whatever it prints goes to stderr. */
export function forkTrainer(modulePath: string): TrainerProcess {
  // No debugger, loader or heap option of the engine's own process is handed down.
  const child = fork(modulePath, [], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'], execArgv: [] })
  const events = createPortEvents<HostMessage>()
  const exit = createExitNews()
  const end = (reason: string): void => {
    events.closed(reason)
    exit.tell(reason)
  }
  child.on('message', (message) => {
    events.deliver(message as HostMessage)
  })
  child.once('exit', (code, signal) => {
    const reason = exitReason(code, signal)
    // What it sent last may still be on its way; the channel closes behind it.
    if (!child.connected) end(reason)
    else {
      child.once('disconnect', () => {
        end(reason)
      })
      setTimeout(end, lastWordsMs, reason).unref()
    }
  })
  child.once('error', (error) => {
    end(`it could not be started: ${error.message}`)
  })
  return {
    port: {
      post: (message: ClientMessage) => {
        // A send that races the end of the process fails here; its exit is what counts.
        if (child.connected) child.send(message, () => undefined)
      },
      onMessage: events.onMessage,
      onClose: events.onClose,
      close: () => {
        if (child.connected) child.disconnect()
        events.closed('the port was closed')
      },
    },
    onExit: exit.listen,
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}
