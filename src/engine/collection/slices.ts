/** @file Long loops in slices, between which the event loop turns and a cancel is heard. */

/** Calls `work` for `[from, to)` of at most `slice` each until `count`. @throws the signal's reason */
export async function inSlices(count: number, slice: number, signal: AbortSignal, work: (from: number, to: number) => void | Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += slice) {
    await new Promise(setImmediate)
    signal.throwIfAborted()
    await work(from, Math.min(count, from + slice))
  }
}
