/** @file Clusters of the open folder: found, kept, named, merged, split. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { messageOf, type Cluster, type Clustering, type ClusteringChange, type ClusteringInfo, type ClusterRequest } from '../../engine/contract'
import { useClient } from '../services/client'
import { orderClusters, type ClusterOrder } from './clusters-order'
import { createLibraryWork, useLibrarySpace } from './library-work'
import { useNoticesStore } from './notices'

/** What a person chooses. */
export type ClusterChoice = Pick<ClusterRequest, 'method' | 'clusters' | 'smallest'>

/** More beginnings rarely find better clusters. */
const restarts = 4
const seed = 1

export const useClustersStore = defineStore('clusters', () => {
  const notices = useNoticesStore()
  const space = useLibrarySpace()
  const work = createLibraryWork<Clustering>('Clustering')
  const stored = shallowRef<readonly ClusteringInfo[]>([])
  const openId = shallowRef<number>()
  const choice = shallowRef<ClusterChoice>({ method: 'kmeans', clusters: 'auto', smallest: 5 })
  const order = shallowRef<ClusterOrder>('size')
  /** Clusters chosen to be merged. */
  const marked = shallowRef<ReadonlySet<number>>(new Set())
  const changing = shallowRef(false)

  const clustering = work.result
  const open = computed<Cluster | undefined>(() => clustering.value?.clusters.find(({ id }) => id === openId.value))
  const ordered = computed(() => orderClusters(clustering.value?.clusters ?? [], order.value))
  const libraryId = (): string => space.value?.libraryId ?? ''

  const refresh = async (): Promise<void> => {
    const asked = libraryId()
    if (asked === '') return
    const found = await useClient()['structure.clusterings']({ libraryId: asked }).catch(() => [])
    if (asked === libraryId()) stored.value = found
  }

  const find = async (): Promise<void> => {
    openId.value = undefined
    const asked = choice.value
    await work.run((where, onProgress) => useClient()['structure.cluster']({ ...where, ...asked, rows: undefined, restarts, seed }, onProgress))
    await refresh()
  }

  /** Asks for a clustering and shows it; what goes wrong is told in a notice. */
  const showAnswer = async (what: string, ask: () => Promise<Clustering>): Promise<void> => {
    changing.value = true
    try {
      work.show(await ask())
    } catch (error) {
      notices.show('problem', `${what}: ${messageOf(error)}`)
    } finally {
      changing.value = false
    }
  }

  const load = (clusteringId: string): Promise<void> => {
    openId.value = undefined
    return showAnswer('The clusters could not be opened', () => useClient()['structure.clustering']({ libraryId: libraryId(), clusteringId }))
  }

  const change = async (by: ClusteringChange): Promise<void> => {
    const clusteringId = clustering.value?.info.clusteringId
    if (clusteringId === undefined) return
    await showAnswer('The clusters could not be changed', () => useClient()['structure.change']({ libraryId: libraryId(), clusteringId, change: by }))
    if (open.value === undefined) openId.value = undefined
    await refresh()
  }
  const canUndo = computed(() => clustering.value?.canUndo === true && !changing.value)
  const undo = (): void => {
    if (canUndo.value) void change({ kind: 'undo' })
  }
  const mark = (id: number): void => {
    const next = new Set(marked.value)
    if (!next.delete(id)) next.add(id)
    marked.value = next
  }
  const mergeMarked = (): Promise<void> => change({ kind: 'merge', clusters: [...marked.value] })

  const remove = async (clusteringId: string): Promise<void> => {
    try {
      await useClient()['structure.removeClustering']({ clusteringId })
    } catch (error) {
      notices.show('problem', `The clusters could not be removed: ${messageOf(error)}`)
    }
    if (clustering.value?.info.clusteringId === clusteringId) work.reset()
    await refresh()
  }

  /** Pictures of a cluster, rising. */
  const rowsOf = (cluster: number): Uint32Array => {
    const rows: number[] = []
    clustering.value?.labels.forEach((label, row) => {
      if (label === cluster) rows.push(row)
    })
    return Uint32Array.from(rows)
  }

  /** What was looked at last, or the newest that is kept. */
  const begin = async (): Promise<void> => {
    await refresh()
    const newest = stored.value.find(({ modelId, pooling }) => modelId === space.value?.modelId && pooling === space.value.pooling)
    if (work.state.value.phase === 'idle' && newest !== undefined) await load(newest.clusteringId)
  }

  // Labels are of one clustering: after a change or in another one, a mark would be on something else.
  watch(clustering, () => {
    marked.value = new Set()
  })
  watch(libraryId, () => {
    stored.value = []
    openId.value = undefined
  })

  return {
    state: work.state, clustering, ordered, stored, openId, open, choice, order, marked, changing, canUndo,
    begin, refresh, find, stop: work.stop, load, change, undo, mark, mergeMarked, remove, rowsOf,
  }
})
