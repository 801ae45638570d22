/** @file The train.log of a run: what happened and when, for people. */
import { join } from 'node:path'
import { logFile } from './layout'
import { openLineWriter } from './line-writer'

const newline = 0x0a

/** A log that never gets in the way of what it tells about. */
export interface TrainLog {
  write(message: string): void
  close(): Promise<void>
}

/**
 * Opens the log of a run for appending.
 * @throws EngineError DISK
 */
export async function openTrainLog(folder: string, now: () => Date = () => new Date()): Promise<TrainLog> {
  let isTorn = false
  const writer = await openLineWriter(join(folder, logFile), async (handle, size) => {
    isTorn = size > 0 && (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== newline
    return size
  })
  if (isTorn) writer.append('\n')
  return {
    write: (message) => {
      // Further lines are set in, so that every line at the margin begins with its time.
      writer.append(`${now().toISOString()} ${message.trimEnd().replaceAll(/\r?\n/g, '\n  ')}\n`)
    },
    close: () => writer.close().catch(() => undefined),
  }
}
