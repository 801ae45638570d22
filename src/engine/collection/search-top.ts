/** @file The largest of many scores, without sorting all of them. */

/**
 * Positions of the `top` largest scores, largest first; of equal ones the lower position first. Scores of -Infinity are
 * what must not be found, and are left out. A heap of the best so far, its worst on top: O(count · log top) at worst, and
 * close to one comparison a score where few are taken of many.
 */
export function topScores(scores: Float32Array, top: number): Uint32Array {
  const heap = new Uint32Array(Math.min(top, scores.length))
  let size = 0
  const isBehind = (a: number, b: number): boolean => scores[a]! < scores[b]! || (scores[a]! === scores[b]! && a > b)
  const sink = (position: number): void => {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= size) break
      const child = left + 1 < size && isBehind(heap[left + 1]!, heap[left]!) ? left + 1 : left
      if (!isBehind(heap[child]!, position)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = position
  }
  const rise = (position: number): void => {
    let at = size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBehind(position, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = position
  }
  for (let position = 0; position < scores.length; position++) {
    if (scores[position] === -Infinity) continue
    if (size < heap.length) rise(position)
    else if (size > 0 && isBehind(heap[0]!, position)) sink(position)
  }
  // The worst leaves the heap first.
  const sorted = new Uint32Array(size)
  while (size > 0) {
    sorted[size - 1] = heap[0]!
    const last = heap[--size]!
    if (size > 0) sink(last)
  }
  return sorted
}
