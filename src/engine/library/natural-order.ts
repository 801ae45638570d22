/** @file Sorts names as they come without ever stopping the event loop for long: short sorted runs, merged lazily. */

interface Keyed {
  readonly key: string
  /** Decides between equal keys, so that the order is total. */
  readonly raw: string
}

/** Items to be put in natural order. */
export interface NaturalOrder<T> {
  add(item: T): void
  /** All items in order; nothing may be added any more. */
  sorted(): Generator<T>
}

const runLength = 1024

function compare(left: Keyed, right: Keyed): number {
  if (left.key !== right.key) return left.key < right.key ? -1 : 1
  return left.raw < right.raw ? -1 : left.raw > right.raw ? 1 : 0
}

/** A run and how far it has been read. */
interface Cursor<T> {
  readonly run: readonly T[]
  next: number
}

/** Restores the heap below `index` after its cursor has moved on. */
function siftDown<T extends Keyed>(heap: Cursor<T>[], index: number): void {
  const head = (at: number): T | undefined => {
    const cursor = heap[at]
    return cursor?.run[cursor.next]
  }
  for (let parent = index; ; ) {
    let smallest = parent
    for (const child of [2 * parent + 1, 2 * parent + 2]) {
      const childHead = head(child)
      const smallestHead = head(smallest)
      if (childHead !== undefined && smallestHead !== undefined && compare(childHead, smallestHead) < 0) smallest = child
    }
    if (smallest === parent) return
    const moved = heap[parent]
    const raised = heap[smallest]
    if (moved === undefined || raised === undefined) return
    heap[parent] = raised
    heap[smallest] = moved
    parent = smallest
  }
}

function* mergeRuns<T extends Keyed>(runs: readonly (readonly T[])[]): Generator<T> {
  const heap: Cursor<T>[] = runs.filter((run) => run.length > 0).map((run) => ({ run, next: 0 }))
  for (let index = heap.length >> 1; index >= 0; index--) siftDown(heap, index)
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    const item = top.run[top.next]
    if (item !== undefined) yield item
    top.next += 1
    if (top.next === top.run.length) {
      const last = heap.pop()
      if (last !== undefined && last !== top) heap[0] = last
    }
    siftDown(heap, 0)
  }
}

/** An empty order. Adding sorts a run of a few thousand now and then; reading merges one item at a time. */
export function createNaturalOrder<T extends Keyed>(): NaturalOrder<T> {
  const runs: T[][] = []
  let current: T[] = []
  const closeRun = (): void => {
    runs.push(current.sort(compare))
    current = []
  }
  return {
    add: (item) => {
      current.push(item)
      if (current.length === runLength) closeRun()
    },
    sorted: () => {
      closeRun()
      return mergeRuns(runs)
    },
  }
}
