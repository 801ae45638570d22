/** @file Sorting many items without holding the event loop. */
import { setImmediate as turn } from 'node:timers/promises'

/** Comparisons before the event loop turns: some milliseconds. */
const chunk = 8192

/** Merges sorted runs into one, two at a time; the loop turns between. */
export async function mergeSorted<T>(runs: readonly (readonly T[])[], compare: (left: T, right: T) => number): Promise<readonly T[]> {
  let current = runs
  while (current.length > 1) {
    const merged: (readonly T[])[] = []
    for (let index = 0; index < current.length; index += 2) merged.push(await mergeTwo(current[index]!, current[index + 1] ?? [], compare))
    current = merged
  }
  return current[0] ?? []
}

async function mergeTwo<T>(left: readonly T[], right: readonly T[], compare: (left: T, right: T) => number): Promise<readonly T[]> {
  // Runs that follow each other, as those of files that were found in order do.
  if (left.length === 0 || right.length === 0 || compare(left.at(-1)!, right[0]!) <= 0) return [...left, ...right]
  const merged: T[] = []
  let [atLeft, atRight] = [0, 0]
  while (atLeft < left.length && atRight < right.length) {
    merged.push(compare(left[atLeft]!, right[atRight]!) <= 0 ? left[atLeft++]! : right[atRight++]!)
    if (merged.length % chunk === 0) await turn()
  }
  return merged.concat(left.slice(atLeft), right.slice(atRight))
}
