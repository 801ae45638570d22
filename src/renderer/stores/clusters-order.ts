/** @file In which order clusters stand on the wall. */
import type { Cluster } from '../../engine/contract'

export type ClusterOrder = 'size' | 'name' | 'tightness'

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
const compares: Readonly<Record<ClusterOrder, (a: Cluster, b: Cluster) => number>> = {
  size: (a, b) => b.size - a.size,
  name: (a, b) => names.compare(a.name, b.name),
  tightness: (a, b) => b.tightness - a.tightness,
}

/** Largest first, by name, or tightest first; of equal ones the lower id. */
export function orderClusters(clusters: readonly Cluster[], by: ClusterOrder): readonly Cluster[] {
  return [...clusters].sort((a, b) => compares[by](a, b) || a.id - b.id)
}
