/** @file How long the page's main thread was busy without a break, by its own CPU clock. */
import type { CDPSession, Page } from 'playwright'

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** CPU time of the thread in the event, microseconds. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

export interface MainThreadWatch {
  /** CPU time of every task on the page's main thread that took at least 50 ms, milliseconds, longest first. */
  stop(): Promise<readonly number[]>
}

const reportFromMs = 50

/**
 * Records tasks until stopped. CPU time and not wall-clock time: the engine keeps every core busy at the same time, and
 * what the page waits for a core is not the page's code.
 */
export async function watchMainThread(page: Page): Promise<MainThreadWatch> {
  const session: CDPSession = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => { events.push(...(value as unknown as TraceEvent[])) })
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', '__metadata'], recordMode: 'recordContinuously' } })
  return {
    stop: async () => {
      const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
      await session.send('Tracing.end')
      await complete
      const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}:${tid}`))
      if (mains.size === 0) throw new Error('the trace names no main thread of a page')
      const tasks = events.filter(({ name, pid, tid }) => name.endsWith('RunTask') && mains.has(`${pid}:${tid}`))
      if (tasks.length === 0) throw new Error('the trace holds no tasks')
      return tasks
        .map(({ tdur = 0 }) => tdur / 1000)
        .filter((milliseconds) => milliseconds >= reportFromMs)
        .sort((a, b) => b - a)
    },
  }
}
