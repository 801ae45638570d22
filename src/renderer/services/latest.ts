/** @file One request at a time, and of those that wait only the newest: for sliders and fast keys. */

/** Sends arguments one after the other. */
export interface Latest<A> {
  /** Runs with `argument` now, or after the running one unless a newer one comes first. */
  request(argument: A): void
  /** Forgets what waits and the answer of what runs. */
  cancel(): void
}

export interface LatestOptions<A, R> {
  readonly run: (argument: A) => Promise<R>
  readonly onResult: (result: R, argument: A) => void
  readonly onError: (error: unknown, argument: A) => void
}

/** An answer is told even when a newer request waits, so that a dragged slider shows movement. */
export function createLatest<A, R>({ run, onResult, onError }: LatestOptions<A, R>): Latest<A> {
  let waiting: { readonly argument: A } | undefined
  let running = false
  let generation = 0

  const start = async (argument: A): Promise<void> => {
    running = true
    const mine = generation
    try {
      const result = await run(argument)
      if (mine === generation) onResult(result, argument)
    } catch (error) {
      if (mine === generation) onError(error, argument)
    }
    if (mine !== generation) return
    running = false
    const next = waiting
    waiting = undefined
    if (next !== undefined) void start(next.argument)
  }

  return {
    request: (argument) => {
      if (running) waiting = { argument }
      else void start(argument)
    },
    cancel: () => {
      generation += 1
      waiting = undefined
      running = false
    },
  }
}
