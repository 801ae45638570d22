/** @file Groups of tiles put side by side into lines, in their order, so that pairs do not leave most of the page empty. */

export interface GroupLine {
  /** Place of its first group. */
  readonly first: number
  readonly groups: number
}

/**
 * Fills each line with as many groups as go into it; one that is too wide has a line of its own.
 * @param sizes tiles of each group
 * @param capacity tiles that a line has room for, at least 1
 */
export function packGroups(sizes: readonly number[], capacity: number): readonly GroupLine[] {
  const lines: GroupLine[] = []
  let first = 0
  let filled = 0
  sizes.forEach((size, index) => {
    if (filled > 0 && filled + size > capacity) {
      lines.push({ first, groups: index - first })
      first = index
      filled = 0
    }
    filled += size
  })
  if (first < sizes.length) lines.push({ first, groups: sizes.length - first })
  return lines
}
