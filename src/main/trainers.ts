/** @file Trainers as Electron utility processes, started on the engine's order since a packaged app cannot fork. */
import { app, MessageChannelMain, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron'
import { messageOf } from '../engine/contract'
import type { TrainerNotice, TrainerOrder } from '../engine/link'
import { exitReason } from './exit-reason'

type Tell = (notice: TrainerNotice, ports: MessagePortMain[]) => void

export interface UtilityTrainers {
  /** Serves one engine process, which hears of its trainers by `tell`. */
  serve(tell: Tell): (order: TrainerOrder) => void
  /** Answers when no trainer runs any more, or after `limitMs`. */
  ended(limitMs: number): Promise<void>
}

const serviceName = 'DinoScope training'

/** `modulePath` is the built trainer process. */
export function createUtilityTrainers(modulePath: string): UtilityTrainers {
  const running = new Set<UtilityProcess>()
  const waiting: (() => void)[] = []
  let started = 0

  const start = (onExit: (reason: string) => void): UtilityProcess => {
    const name = `${serviceName} ${++started}`
    const child = utilityProcess.fork(modulePath, [], { serviceName: name, stdio: 'inherit' })
    let gone: string | undefined
    // As for the engine: the exit code alone can be wrong.
    const noteGone = (_event: unknown, details: { readonly serviceName?: string; readonly name?: string; readonly reason: string }): void => {
      if (details.serviceName === name || details.name === name) gone = details.reason
    }
    app.on('child-process-gone', noteGone)
    running.add(child)
    child.once('exit', (code) => {
      app.removeListener('child-process-gone', noteGone)
      running.delete(child)
      if (running.size === 0) for (const resolve of waiting.splice(0)) resolve()
      onExit(exitReason(code, gone))
    })
    return child
  }

  return {
    serve: (tell) => {
      // The engine numbers its own; another engine begins anew.
      const known = new Map<number, UtilityProcess>()
      return ({ kind, trainer }) => {
        if (kind === 'trainer-kill') {
          const pid = known.get(trainer)?.pid
          // Electron's own kill asks politely, and what is to be killed no longer listens.
          if (pid !== undefined) process.kill(pid, 'SIGKILL')
          return
        }
        try {
          const child = start((reason) => {
            known.delete(trainer)
            tell({ kind: 'trainer-exit', trainer, reason }, [])
          })
          known.set(trainer, child)
          const { port1, port2 } = new MessageChannelMain()
          child.postMessage({ kind: 'attach' }, [port1])
          tell({ kind: 'trainer-port', trainer }, [port2])
        } catch (error) {
          tell({ kind: 'trainer-exit', trainer, reason: `it could not be started: ${messageOf(error)}` }, [])
        }
      }
    },
    ended: async (limitMs) => {
      if (running.size === 0) return
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        setTimeout(resolve, limitMs).unref()
      })
    },
  }
}
