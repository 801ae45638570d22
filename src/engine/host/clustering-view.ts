/** @file A clustering as it is told of one folder: by rows instead of contents. */
import type { Cluster, Clustering, ClusteringInfo } from '../contract'
import type { LibraryImage } from '../library'
import type { StoredClustering } from './clustering-states'
import type { EngineState } from './engine-state'
import { presence } from './row-hashes'

type ViewState = Pick<EngineState, 'clusterings' | 'hashRows' | 'libraries'>

/** Labels of a folder's rows by their contents, and the size of each cluster there. A picture that is gone has its label still. */
function placeRows({ places, state }: StoredClustering, images: readonly LibraryImage[]): { readonly labels: Int32Array; readonly sizes: ReadonlyMap<number, number> } {
  const sizes = new Map<number, number>()
  const isPresent = presence(images)
  const labels = Int32Array.from(images, (image) => {
    const { hash } = image
    const place = hash === undefined ? undefined : places.get(hash)
    const label = place === undefined ? -1 : state.labels[place]!
    if (label >= 0 && isPresent(image)) sizes.set(label, (sizes.get(label) ?? 0) + 1)
    return label
  })
  return { labels, sizes }
}

function infoOf({ clusteringId, name, method, modelId, pooling, createdAt, state }: StoredClustering, clusters: number): ClusteringInfo {
  return { clusteringId, name, method, modelId, pooling, createdAt, clusters, silhouette: state.silhouette }
}

/** A clustering as it is told of one folder: clusters without a picture there are left out. */
export function tellClustering({ hashRows, libraries }: ViewState, libraryId: string, clustering: StoredClustering): Clustering {
  const images = libraries.images(libraryId)
  const rowsOf = hashRows.of(images)
  const isPresent = presence(images)
  const { labels, sizes } = placeRows(clustering, images)
  const clusters = clustering.state.clusters
    .filter(({ id }) => sizes.has(id))
    .map(({ id, name, tightness, representatives: contents }): Cluster => ({
      id,
      name,
      size: sizes.get(id)!,
      representatives: Uint32Array.from(contents.flatMap((hash) => rowsOf.get(hash)?.find((row) => isPresent(images[row]!)) ?? [])),
      tightness,
    }))
    .sort((a, b) => b.size - a.size || a.id - b.id)
  return { info: infoOf(clustering, clusters.length), labels, clusters, canUndo: clustering.undo.length > 0 }
}

/** Clusterings with pictures of this folder, newest first. @throws EngineError NOT_FOUND for a folder that is not open */
export async function listClusterings({ clusterings, libraries }: ViewState, libraryId: string): Promise<readonly ClusteringInfo[]> {
  const images = libraries.images(libraryId)
  return (await clusterings.list()).flatMap((clustering) => {
    const { sizes } = placeRows(clustering, images)
    const isHere = sizes.size > 0 || images.some(({ hash }) => hash !== undefined && clustering.places.has(hash))
    return isHere ? [infoOf(clustering, sizes.size)] : []
  })
}

/** @throws EngineError NOT_FOUND */
export async function findClustering(state: ViewState, libraryId: string, clusteringId: string): Promise<Clustering> {
  return tellClustering(state, libraryId, await state.clusterings.find(clusteringId))
}
