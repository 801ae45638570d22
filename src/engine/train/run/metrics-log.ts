/** @file Writes a run's numbers: metrics.jsonl, the same for straight and resumed runs, and timing.jsonl, which the clock decides. */
import { join } from 'node:path'
import { EngineError, type StepMetrics } from '../../contract'
import { lineText, offsetOfStep } from './json-lines'
import { metricsFile, timingFile } from './layout'
import { openLineWriter } from './line-writer'

/** The numbers of a run, step by step. */
export interface MetricsLog {
  /**
   * Adds the numbers of a step; steps ascend. `timing` are those that depend on the clock, such as images per second.
   * @throws EngineError INTERNAL for a step that does not ascend, or a value named `step`
   */
  append(metrics: StepMetrics, timing?: Readonly<Record<string, number>>): void
  /** Waits until all of it is on disk to stay; before every checkpoint. @throws EngineError DISK */
  sync(): Promise<void>
  /** @throws EngineError DISK */
  close(): Promise<void>
}

/**
 * Opens the metrics of a run that goes on with `firstStep`: lines of that step and later ones, and a torn last line, are
 * cut off. Cutting is one change of a file's length, so a crash leaves the old end or the new one.
 * @throws EngineError DISK
 */
export async function openMetricsLog(folder: string, firstStep: number): Promise<MetricsLog> {
  const metricsWriter = await openLineWriter(join(folder, metricsFile), (handle, size) => offsetOfStep(handle, size, firstStep))
  const timingWriter = await openLineWriter(join(folder, timingFile), (handle, size) => offsetOfStep(handle, size, firstStep)).catch(async (error: unknown) => {
    await metricsWriter.close().catch(() => undefined)
    throw error
  })
  let next = firstStep
  const both = async (work: (writer: typeof metricsWriter) => Promise<void>): Promise<void> => {
    const results = await Promise.allSettled([work(metricsWriter), work(timingWriter)])
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
  return {
    append: ({ step, values }, timing) => {
      if (!(step >= next)) throw new EngineError('INTERNAL', `metrics of step ${step} came where step ${next} or a later one was expected`)
      next = step + 1
      metricsWriter.append(lineText(step, checked(step, values)))
      if (timing !== undefined) timingWriter.append(lineText(step, checked(step, timing)))
    },
    sync: () => both((writer) => writer.flush(true)),
    close: () => both((writer) => writer.close()),
  }
}

function checked(step: number, values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  if (!('step' in values)) return values
  throw new EngineError('INTERNAL', `metrics of step ${step} have a value named step`)
}
