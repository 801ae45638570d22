/** @file How many pictures each cluster may keep so that all are as even as they can be. */

/**
 * Shares `target` among clusters as water fills vessels: small ones keep all they have, the others the same number each.
 * Where that does not come out even, the largest of them get one more (of equal ones the first).
 * @returns uint32 [clusters], Σ = min(target, Σ sizes)
 */
export function evenQuotas(sizes: Uint32Array, target: number): Uint32Array<ArrayBuffer> {
  const quotas = new Uint32Array(sizes.length)
  const rising = [...sizes.keys()].sort((a, b) => sizes[a]! - sizes[b]! || b - a)
  let left = target
  rising.forEach((cluster, index) => {
    // What is left is divided among those that are left; the last of them, which are the largest, get what remains.
    quotas[cluster] = Math.min(sizes[cluster]!, Math.floor(left / (sizes.length - index)))
    left -= quotas[cluster]
  })
  return quotas
}

/** How even sizes are: the entropy of their shares over its maximum, 0..1; 1 for a single cluster, 0 without anything. */
export function evenness(sizes: Uint32Array): number {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total === 0) return 0
  if (sizes.length < 2) return 1
  const entropy = sizes.reduce((sum, size) => (size === 0 ? sum : sum - (size / total) * Math.log(size / total)), 0)
  return entropy / Math.log(sizes.length)
}
