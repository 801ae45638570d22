/** @file How far two ways to sort the same things into groups agree. */

const pairs = (count: number): number => (count * (count - 1)) / 2

/**
 * Adjusted Rand index: 1 for the same groups under whatever numbers, 0 for what chance gives, below 0 for less.
 * @param left group of each thing, from 0
 * @param right likewise, of the same length
 * Source: Hubert & Arabie, "Comparing partitions" (1985).
 */
export function adjustedRand(left: Int32Array, right: Int32Array): number {
  const [leftGroups, rightGroups] = [1 + left.reduce((most, label) => Math.max(most, label), -1), 1 + right.reduce((most, label) => Math.max(most, label), -1)]
  const both = new Float64Array(leftGroups * rightGroups)
  const leftSizes = new Float64Array(leftGroups)
  const rightSizes = new Float64Array(rightGroups)
  for (let index = 0; index < left.length; index++) {
    both[left[index]! * rightGroups + right[index]!]! += 1
    leftSizes[left[index]!]! += 1
    rightSizes[right[index]!]! += 1
  }
  const together = both.reduce((sum, count) => sum + pairs(count), 0)
  const inLeft = leftSizes.reduce((sum, count) => sum + pairs(count), 0)
  const inRight = rightSizes.reduce((sum, count) => sum + pairs(count), 0)
  const all = pairs(left.length)
  const expected = all === 0 ? 0 : (inLeft * inRight) / all
  const most = (inLeft + inRight) / 2
  // Groups of one each, or one group: both say the same.
  return most === expected ? 1 : (together - expected) / (most - expected)
}
