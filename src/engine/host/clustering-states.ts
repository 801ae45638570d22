/** @file What a clustering says, and how it is changed by hand. Pure: measures and the disk are for others. */
import { EngineError, type ClusteringInfo } from '../contract'

export interface StoredCluster {
  readonly id: number
  readonly name: string
  /** Mean cosine of its pictures with its centre. */
  readonly tightness: number
  /** Contents of the pictures nearest its centre, nearest first. */
  readonly representatives: readonly string[]
}

/** A clustering between two changes. */
export interface ClusterState {
  /** Id of the cluster of each content, int32 [contents]; -1 for none. */
  readonly labels: Int32Array
  readonly clusters: readonly StoredCluster[]
  readonly silhouette: number
}

/** Clusters of pictures, known by their content, with what they were before they were changed. */
export interface StoredClustering extends Omit<ClusteringInfo, 'clusters' | 'silhouette'> {
  readonly seed: number
  /** sha256 of each content, hex, each once. */
  readonly hashes: readonly string[]
  /** Place of each content among `hashes`. */
  readonly places: ReadonlyMap<string, number>
  readonly state: ClusterState
  /** States to go back to, the latest last. */
  readonly undo: readonly ClusterState[]
}

/** Changes that can be taken back. */
const maxUndo = 20

/** The state after a change; the one before can be gone back to. */
export function withState(clustering: StoredClustering, state: ClusterState): StoredClustering {
  return { ...clustering, state, undo: [...clustering.undo, clustering.state].slice(-maxUndo) }
}

/** @throws EngineError BAD_REQUEST when there is nothing to take back */
export function takenBack(clustering: StoredClustering): StoredClustering {
  const state = clustering.undo.at(-1)
  if (state === undefined) throw new EngineError('BAD_REQUEST', `there is no change of ${JSON.stringify(clustering.name)} to take back`, { detail: { clusteringId: clustering.clusteringId } })
  return { ...clustering, state, undo: clustering.undo.slice(0, -1) }
}

/** New clusters of these sizes, ids in the order of size: the largest is 0 and "Cluster 1"; of equal ones the first stays first. @param labels 0 .. sizes.length − 1 or -1 */
export function firstState(labels: Int32Array, clusters: number): ClusterState {
  const sizes = new Uint32Array(clusters)
  for (const label of labels) if (label >= 0) sizes[label]!++
  const order = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b)
  const idOf = new Int32Array(clusters)
  order.forEach((cluster, id) => {
    idOf[cluster] = id
  })
  return {
    labels: labels.map((label) => (label < 0 ? -1 : idOf[label]!)),
    clusters: order.map((_, id) => ({ id, name: `Cluster ${id + 1}`, tightness: 0, representatives: [] })),
    silhouette: 0,
  }
}

function requireCluster({ clusters }: ClusterState, id: number): StoredCluster {
  const cluster = clusters.find((one) => one.id === id)
  if (cluster === undefined) throw new EngineError('NOT_FOUND', `there is no cluster ${id}`, { detail: { cluster: id } })
  return cluster
}

/** @throws EngineError NOT_FOUND for a cluster that is not there */
export function renameCluster(state: ClusterState, id: number, name: string): ClusterState {
  requireCluster(state, id)
  return { ...state, clusters: state.clusters.map((cluster) => (cluster.id === id ? { ...cluster, name } : cluster)) }
}

/** The largest of them takes in the others, of equal ones the first that was named. @throws EngineError NOT_FOUND, or BAD_REQUEST for fewer than two */
export function mergeClusters(state: ClusterState, ids: readonly number[]): ClusterState {
  const different = [...new Set(ids)]
  for (const id of different) requireCluster(state, id)
  if (different.length < 2) throw new EngineError('BAD_REQUEST', 'two different clusters are needed to merge them')
  const sizeOf = (id: number): number => state.labels.reduce((size, label) => size + Number(label === id), 0)
  const sizes = new Map(different.map((id) => [id, sizeOf(id)]))
  const into = different.reduce((largest, id) => (sizes.get(id)! > sizes.get(largest)! ? id : largest))
  const merged = new Set(different)
  return {
    ...state,
    labels: state.labels.map((label) => (merged.has(label) ? into : label)),
    clusters: state.clusters.filter(({ id }) => id === into || !merged.has(id)),
  }
}

/** Places of the contents of a cluster, rising. @throws EngineError NOT_FOUND */
export function membersOf(state: ClusterState, id: number): Uint32Array {
  requireCluster(state, id)
  return Uint32Array.from(state.labels.keys()).filter((place) => state.labels[place] === id)
}

/**
 * Divides a cluster; its largest part keeps its id, the others get the lowest free ones, all of them its name and a number.
 * @param parts of its members, in their order: 0 .. count − 1, each at least once
 */
export function splitCluster(state: ClusterState, id: number, parts: Int32Array, count: number): ClusterState {
  const { name } = requireCluster(state, id)
  const divided = firstState(parts, count)
  const taken = new Set(state.clusters.map((cluster) => cluster.id))
  const ids = [id]
  for (let free = 0; ids.length < count; free++) if (!taken.has(free)) ids.push(free)
  const labels = state.labels.slice()
  membersOf(state, id).forEach((place, index) => {
    labels[place] = ids[divided.labels[index]!]!
  })
  const added = ids.map((one, index) => ({ id: one, name: `${name} (${index + 1})`, tightness: 0, representatives: [] }))
  return { ...state, labels, clusters: state.clusters.flatMap((cluster) => (cluster.id === id ? added : [cluster])) }
}
