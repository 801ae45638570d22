/** @file Lets one piece of work at a time through; the others wait in order. */

/** Runs what it is given, one after the other. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>

/** A gate that a failed piece of work leaves open. */
export function createGate(): Gate {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
