/** @file Reads a run's numbers as columns, also while it is being trained, from any step on. */
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, messageOf, type MetricSeries } from '../../contract'
import { offsetOfStep, readLines, type StepLine } from './json-lines'
import { metricsFile, timingFile } from './layout'
import { createMetricColumns } from './metric-columns'

/**
 * The numbers of all steps after `afterStep` (-1 for all), metrics and timing together. It costs what is returned, not
 * what the run has: the files are searched from their end. A run without metrics has empty columns.
 * @throws EngineError SOURCE_UNAVAILABLE
 */
export async function readMetrics(folder: string, afterStep: number): Promise<MetricSeries> {
  const columns = createMetricColumns()
  for await (const lines of linesAfter(join(folder, metricsFile), afterStep)) lines.forEach(columns.add)
  for await (const lines of linesAfter(join(folder, timingFile), afterStep)) lines.forEach(columns.join)
  return columns.series()
}

async function* linesAfter(path: string, afterStep: number): AsyncGenerator<readonly StepLine[]> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const offset = await offsetOfStep(handle, (await handle.stat()).size, afterStep + 1)
    // Behind the offset there may be lines of earlier steps that were torn and written anew.
    for await (const lines of readLines(handle, offset)) yield lines.filter(({ step }) => step > afterStep)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new EngineError('SOURCE_UNAVAILABLE', `${path} cannot be read: ${messageOf(error)}`, { detail: { path }, cause: error })
  } finally {
    await handle?.close()
  }
}
