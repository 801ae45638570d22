/** @file Clusters of a folder's pictures: made, measured and changed. */
import { randomBytes } from 'node:crypto'
import { EngineError, type Clustering, type ClusteringChange, type ClusterRequest, type JobContext, type Progress } from '../contract'
import { chooseClusterCount, densityClusters, kMeans, measureClusters, nearestNeighbours, unitVectors, type ProductOptions, type VectorSet } from '../collection'
import { pooledDim } from '../inference'
import type { LibraryImage } from '../library'
import { firstState, membersOf, mergeClusters, renameCluster, splitCluster, takenBack, withState, type ClusterState, type StoredCluster, type StoredClustering } from './clustering-states'
import { tellClustering } from './clustering-view'
import type { EngineState } from './engine-state'
import { presentRows } from './row-hashes'
import { createShareProgress } from './share-progress'
import { loadVectorSet, openProducts, vectorTableOf } from './vector-sets'

const representatives = 24
/** Neighbours that the density of clusters is told from; with these the hierarchy hangs together. Source: measured, see collection/density.ts. */
const leastNeighbours = 64
const mostNeighbours = 256
const splitRestarts = 5

interface Labelled {
  readonly labels: Int32Array
  readonly clusters: number
}

async function makeLabels(set: VectorSet, request: ClusterRequest, options: ProductOptions, emit: (progress: Progress) => void): Promise<Labelled> {
  const { method, seed, restarts, smallest } = request
  const pictures = set.rows.length
  if (method === 'density') {
    const progress = createShareProgress('Comparing pictures', pictures, emit)
    const k = Math.min(mostNeighbours, Math.max(leastNeighbours, smallest), Math.max(1, pictures - 1))
    const neighbours = await nearestNeighbours(set, k, { ...options, onProgress: (done) => progress.reach(done / pictures) })
    const clusters = await densityClusters(set, neighbours, smallest, options)
    progress.finish()
    return clusters
  }
  let { clusters } = request
  if (clusters === 'auto') {
    const progress = createShareProgress('Choosing the number of clusters', pictures, emit)
    clusters = (await chooseClusterCount(set, { ...options, seed, onProgress: progress.reach })).clusters
    progress.finish()
  }
  const progress = createShareProgress('Clustering pictures', pictures, emit)
  const result = await kMeans(set, { ...options, clusters, restarts, seed, onProgress: progress.reach })
  progress.finish()
  return result
}

/** Each content once, with the label of its first picture. */
function byContent(set: VectorSet, labels: Int32Array, images: readonly LibraryImage[]): Pick<StoredClustering, 'hashes' | 'places'> & { readonly labels: Int32Array } {
  const places = new Map<string, number>()
  const kept: number[] = []
  set.rows.forEach((row, position) => {
    const hash = images[row]?.hash
    if (hash === undefined || places.has(hash)) return
    places.set(hash, places.size)
    kept.push(labels[position]!)
  })
  return { hashes: [...places.keys()], places, labels: Int32Array.from(kept) }
}

/** The state with measures over the pictures of one folder; clusters that have none there keep those they have. */
async function measured(set: VectorSet, images: readonly LibraryImage[], { places }: Pick<StoredClustering, 'places'>, state: ClusterState, options: ProductOptions): Promise<ClusterState> {
  const hashAt = (position: number): string => images[set.rows[position]!]?.hash ?? ''
  const present = new Map<number, number>()
  const labels = Int32Array.from(set.rows, (_, position) => {
    const place = places.get(hashAt(position))
    const id = place === undefined ? -1 : state.labels[place]!
    if (id < 0) return -1
    if (!present.has(id)) present.set(id, present.size)
    return present.get(id)!
  })
  const measures = await measureClusters(set, labels, present.size, representatives, options)
  const measure = (cluster: StoredCluster): StoredCluster => {
    const index = present.get(cluster.id)
    if (index === undefined) return cluster
    return { ...cluster, tightness: measures.tightness[index]!, representatives: [...new Set(Array.from(measures.representatives[index]!, hashAt))] }
  }
  return { ...state, clusters: state.clusters.map(measure), silhouette: measures.silhouette }
}

/**
 * Clusters pictures that have vectors, and keeps the clustering.
 * @throws EngineError NOT_FOUND when none of them has vectors, or the folder or model is not there; DISK; the signal's reason
 */
export async function clusterLibrary(state: EngineState, request: ClusterRequest, { signal, emit }: JobContext<Progress>): Promise<Clustering> {
  const { libraryId, modelId, pooling, method, seed } = request
  const set = await loadVectorSet(state, { ...request, rows: presentRows(state.libraries, libraryId, request.rows) })
  const options = { products: await openProducts(state), signal }
  const { labels, clusters } = await makeLabels(set, request, options, emit)
  const images = state.libraries.images(libraryId)
  const contents = byContent(set, labels, images)
  const first = await measured(set, images, contents, firstState(contents.labels, clusters), options)
  signal.throwIfAborted()
  const clustering: StoredClustering = {
    clusteringId: randomBytes(12).toString('hex'),
    name: `${method === 'kmeans' ? 'k-means' : 'Density'}, ${clusters} cluster${clusters === 1 ? '' : 's'}`,
    method,
    modelId,
    pooling,
    createdAt: new Date().toISOString(),
    seed,
    hashes: contents.hashes,
    places: contents.places,
    state: first,
    undo: [],
  }
  await state.clusterings.add(clustering)
  return tellClustering(state, libraryId, clustering)
}

/** Divides a cluster by k-means among its own vectors, wherever their pictures are. */
async function split(state: EngineState, { hashes, modelId, pooling, seed, state: current }: StoredClustering, cluster: number, into: number): Promise<ClusterState> {
  const members = membersOf(current, cluster)
  const table = await vectorTableOf(state, modelId)
  const { manifest } = await state.models.find(modelId)
  const dim = pooledDim(manifest.config.dim, pooling)
  const { found, matrix } = await table.read(Array.from(members, (place) => hashes[place]!), pooling)
  if (found.length === 0) throw new EngineError('NOT_FOUND', `no picture of this cluster has vectors of ${manifest.name} any more; embed them again to divide it`, { detail: { modelId, cluster } })
  const set: VectorSet = { dim, rows: found, matrix: unitVectors(matrix, dim, pooling) }
  const options = { products: await openProducts(state), signal: new AbortController().signal }
  const { labels, clusters } = await kMeans(set, { ...options, clusters: into, restarts: splitRestarts, seed })
  if (clusters < 2) throw new EngineError('BAD_REQUEST', 'all pictures of this cluster are alike; it cannot be divided', { detail: { cluster } })
  // What has no vector any more goes with the first part.
  const parts = new Int32Array(members.length)
  found.forEach((index, position) => {
    parts[index] = labels[position]!
  })
  return splitCluster(current, cluster, parts, clusters)
}

/**
 * Changes a clustering by hand, or takes the last change back.
 * @throws EngineError NOT_FOUND for a clustering or cluster that is not there, or vectors that are not there any more; BAD_REQUEST; DISK
 */
export async function changeClustering(state: EngineState, libraryId: string, clusteringId: string, change: ClusteringChange): Promise<Clustering> {
  const images = state.libraries.images(libraryId)
  const remeasured = async (clustering: StoredClustering, next: ClusterState): Promise<StoredClustering> => {
    const { modelId, pooling } = clustering
    const set = await loadVectorSet(state, { libraryId, rows: presentRows(state.libraries, libraryId, undefined), modelId, pooling })
    return withState(clustering, await measured(set, images, clustering, next, { products: await openProducts(state), signal: new AbortController().signal }))
  }
  const changed = await state.clusterings.change(clusteringId, async (clustering) => {
    switch (change.kind) {
      case 'rename':
        return withState(clustering, renameCluster(clustering.state, change.cluster, change.name))
      case 'merge':
        return remeasured(clustering, mergeClusters(clustering.state, change.clusters))
      case 'split':
        return remeasured(clustering, await split(state, clustering, change.cluster, change.into))
      case 'undo':
        return takenBack(clustering)
    }
  })
  return tellClustering(state, libraryId, changed)
}
