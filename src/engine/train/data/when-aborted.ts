/** @file An abort signal as a promise to race with. */

export interface Aborted {
  /** Rejects with the signal's reason; never resolves. */
  readonly promise: Promise<never>
  /** Stops listening. */
  forget(): void
}

export function whenAborted(signal: AbortSignal): Aborted {
  let abort: () => void = () => undefined
  const promise = new Promise<never>((_resolve, reject) => {
    abort = () => { reject(signal.reason as Error) }
  })
  // Whoever races with it hears of it.
  promise.catch(() => undefined)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return { promise, forget: () => { signal.removeEventListener('abort', abort) } }
}
