/** @file A tree of parts cut where it has a certain number of them. */

interface Tree {
  /** Finest group of each patch. */
  readonly labels: Uint8Array
  readonly groups: number
  /** Step i makes group `groups + i` of the two named, [groups − 1, 2]. */
  readonly merges: Uint16Array
}

/**
 * Part of each patch when there are `parts` of them, or as many as the tree has: the largest is 0, of equal ones the first
 * to appear.
 */
export function cutParts({ labels, groups, merges }: Tree, parts: number): Uint8Array {
  const joined = Uint32Array.from({ length: Math.max(0, 2 * groups - 1) }, (_, group) => group)
  for (let step = 0; step < groups - Math.max(1, Math.min(parts, groups)); step++) {
    joined[merges[2 * step]!] = groups + step
    joined[merges[2 * step + 1]!] = groups + step
  }
  const partOf = (group: number): number => {
    let part = group
    while (joined[part] !== part) part = joined[part]!
    return part
  }
  const found = Array.from(labels, partOf)
  const sizes = new Map<number, number>()
  for (const part of found) sizes.set(part, (sizes.get(part) ?? 0) + 1)
  const numbers = new Map([...sizes].sort(([, a], [, b]) => b - a).map(([part], number) => [part, number]))
  return Uint8Array.from(found, (part) => numbers.get(part)!)
}
