/** @file Work done ahead of its use, in order, within bounds, and left at once when cancelled. */

/** What is known of an item before it is worked on. */
export interface PrefetchItem {
  readonly sizeBytes?: number
}

/**
 * A run of the model holds up the steps of decoding (open, read, header, pixels), each of which waits for its turn of the
 * event loop. Enough pictures under way hide that: with one step a run, this many give more than a batch.
 */
const itemsAhead = 48
/** Large files come fewer at a time, so that those being read fit in memory. */
const bytesAhead = 192 * 2 ** 20

/**
 * Maps `items` in order while later ones are already under way.
 * @throws the signal's reason as soon as it is aborted; what `map` throws when that item's turn comes
 */
export async function* prefetch<A extends PrefetchItem, B>(items: readonly A[], signal: AbortSignal, map: (item: A, index: number) => Promise<B>): AsyncGenerator<B> {
  const underway: { readonly result: Promise<B>; readonly bytes: number }[] = []
  let bytes = 0
  let next = 0
  const fill = (): void => {
    while (next < items.length && underway.length < itemsAhead && (underway.length === 0 || bytes < bytesAhead)) {
      const item = items[next] as A
      const started = { result: map(item, next), bytes: item.sizeBytes ?? 0 }
      // A failure is met when its turn comes; until then it must not count as unhandled.
      started.result.catch(() => undefined)
      underway.push(started)
      bytes += started.bytes
      next++
    }
  }
  let abort: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => { reject(signal.reason as Error) }
  })
  aborted.catch(() => undefined)
  signal.addEventListener('abort', abort, { once: true })
  try {
    fill()
    for (let [current] = underway; current !== undefined; [current] = underway) {
      const result = await Promise.race([current.result, aborted])
      underway.shift()
      bytes -= current.bytes
      fill()
      yield result
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
