/** @file The table of running jobs of one connection: who is running, and how to stop them. */
import { EngineError, type JobContext } from '../contract'
import { createEventSender } from './event-sender'

/** Far more than any page needs; a client that starts more is broken. */
export const maxJobs = 32

/** The jobs of one connection, by the ids their starter chose. */
export interface JobTable {
  /**
   * Runs `work` and settles as it does, after its last event has been sent.
   * @throws EngineError BAD_REQUEST when the id is taken or too many jobs run
   */
  run(id: string, work: (context: JobContext<unknown>) => Promise<unknown>): Promise<unknown>
  /** Idempotent; the job's own promise tells when it has stopped. */
  cancel(id: string): void
  cancelAll(): void
}

/** `sendEvent` gets each event with its number within the job, from 1. */
export function createJobTable(sendEvent: (id: string, seq: number, event: unknown) => void): JobTable {
  const running = new Map<string, AbortController>()
  return {
    run: async (id, work) => {
      if (running.has(id)) throw new EngineError('BAD_REQUEST', `job id ${JSON.stringify(id)} is already running`)
      if (running.size >= maxJobs) throw new EngineError('BAD_REQUEST', `${maxJobs} jobs are running on this connection; no more are started`)
      const controller = new AbortController()
      running.set(id, controller)
      let seq = 0
      const events = createEventSender((event) => {
        sendEvent(id, ++seq, event)
      })
      try {
        const result = await work({ signal: controller.signal, emit: events.emit })
        events.flush()
        return result
      } finally {
        events.close()
        running.delete(id)
      }
    },
    cancel: (id) => {
      running.get(id)?.abort(new EngineError('CANCELLED', 'cancelled'))
    },
    cancelAll: () => {
      for (const controller of running.values()) controller.abort(new EngineError('CANCELLED', 'cancelled'))
    },
  }
}
