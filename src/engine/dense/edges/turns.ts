/** @file Lets the event loop turn in the middle of long arithmetic. */

/** Gives way when so much time has passed since it last did, milliseconds. */
const heldMs = 8

/** @returns a function to be called between pieces of work of a few milliseconds; @throws the signal's reason */
export function createTurns(signal: AbortSignal): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since > heldMs) {
      await new Promise(setImmediate)
      since = performance.now()
    }
    signal.throwIfAborted()
  }
}
