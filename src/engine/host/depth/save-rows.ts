/** @file Rows that come one by one, saved some at a time: little is lost when the process ends, and the disk is not flushed for each. */
import type { ContentRows } from './content-rows'

/** Rows between two saves, and milliseconds. */
const [savedAfter, savedAfterMs] = [64, 5000]

/** Does `work` with a way to keep rows; what was given is on the disk when it ends, however it ends. @throws EngineError DISK; what `work` throws */
export async function savingRows<T>(rows: ContentRows, work: (keep: (hash: string, row: Float32Array) => Promise<void>) => Promise<T>): Promise<T> {
  const unsaved = new Map<string, Float32Array>()
  let savedAt = performance.now()
  const save = async (): Promise<void> => {
    const saved = new Map(unsaved)
    unsaved.clear()
    savedAt = performance.now()
    await rows.append(saved)
  }
  try {
    return await work(async (hash, row) => {
      unsaved.set(hash, row)
      if (unsaved.size >= savedAfter || performance.now() - savedAt >= savedAfterMs) await save()
    })
  } finally {
    await save()
  }
}
