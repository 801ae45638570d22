/** @file Which things hang together when pairs of them do. */

export interface UnionFind {
  /** The same number for all that hang together: the smallest of them. */
  find(item: number): number
  /** @returns whether they were apart before */
  join(a: number, b: number): boolean
}

/** `count` things, each by itself. Near-constant time: paths are halved as they are walked. */
export function createUnionFind(count: number): UnionFind {
  const parents = new Uint32Array(count)
  for (let item = 0; item < count; item++) parents[item] = item
  const find = (item: number): number => {
    let at = item
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!
      at = parents[at]!
    }
    return at
  }
  return {
    find,
    join: (a, b) => {
      const [rootA, rootB] = [find(a), find(b)]
      if (rootA === rootB) return false
      // Always below the smaller: costs a logarithm against union by rank and makes the name of a group its first member.
      parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB)
      return true
    },
  }
}
