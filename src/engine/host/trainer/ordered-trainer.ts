/** @file A trainer that Electron's main process starts on the engine's order, since a packaged app cannot fork. */
import type { ClientMessage, ClientPort, HostMessage } from '../../contract'
import { createPortEvents, messagePort, type MessagePortLike, type TrainerNotice, type TrainerOrder } from '../../link'
import { createExitNews, type ExitNews } from './exit-news'
import type { StartTrainer } from './process'

export interface OrderedTrainers {
  readonly start: StartTrainer
  /** Takes what main tells about trainers, with the port that may come along. */
  hear(notice: TrainerNotice, port: MessagePortLike | undefined): void
}

interface Ordered extends Pick<WaitingPort, 'join' | 'afterLastWords'> {
  readonly exit: ExitNews
}

interface WaitingPort {
  readonly port: ClientPort
  join(real: ClientPort): void
  close(reason: string): void
  /** Calls `then` when nothing can come any more. */
  afterLastWords(then: () => void): void
}

/** The end of a process and what it said last come on different ways. */
const lastWordsMs = 1000

/** What is asked before the trainer's port has come waits for it. */
function waitingPort(): WaitingPort {
  const events = createPortEvents<HostMessage>()
  const waiting: ClientMessage[] = []
  let joined: ClientPort | undefined
  let closed = false
  return {
    port: {
      post: (message) => {
        if (joined === undefined) waiting.push(message)
        else joined.post(message)
      },
      onMessage: events.onMessage,
      onClose: events.onClose,
      close: () => {
        closed = true
        joined?.close()
        events.closed('the port was closed')
      },
    },
    join: (real) => {
      joined = real
      real.onMessage(events.deliver)
      for (const message of waiting.splice(0)) real.post(message)
      if (closed) real.close()
    },
    close: events.closed,
    afterLastWords: (then) => {
      if (joined === undefined) {
        then()
        return
      }
      const timer = setTimeout(then, lastWordsMs)
      joined.onClose(() => {
        clearTimeout(timer)
        then()
      })
    },
  }
}

/** @param order sends to main */
export function createOrderedTrainers(order: (order: TrainerOrder) => void): OrderedTrainers {
  const trainers = new Map<number, Ordered>()
  let last = 0
  return {
    start: () => {
      const trainer = ++last
      const exit = createExitNews()
      const { port, join, close, afterLastWords } = waitingPort()
      // The port alone may close before the process has ended; only its end says why.
      exit.listen(close)
      trainers.set(trainer, { join, afterLastWords, exit })
      order({ kind: 'trainer', trainer })
      return {
        port,
        onExit: exit.listen,
        kill: () => {
          order({ kind: 'trainer-kill', trainer })
        },
      }
    },
    hear: (notice, port) => {
      const known = trainers.get(notice.trainer)
      if (notice.kind === 'trainer-exit') {
        trainers.delete(notice.trainer)
        known?.afterLastWords(() => {
          known.exit.tell(notice.reason)
        })
      } else if (port !== undefined) {
        const real = messagePort<ClientMessage, HostMessage>(port)
        // Nobody knows it any more: closing its port ends it.
        if (known === undefined) real.close()
        else known.join(real)
      }
    },
  }
}
