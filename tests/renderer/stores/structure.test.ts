/** @file What a folder holds, as the page keeps it: clusters with changes, duplicates with the one that is kept, unusual pictures, a plan. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type Cluster, type Clustering, type ClusteringInfo, type DuplicatePairs } from '../../../src/engine/contract'
import { useClustersStore } from '../../../src/renderer/stores/clusters'
import { useCurationStore } from '../../../src/renderer/stores/curation'
import { useDuplicatesStore } from '../../../src/renderer/stores/duplicates'
import { useEmbedStatusStore } from '../../../src/renderer/stores/embed-status'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { useOutliersStore } from '../../../src/renderer/stores/outliers'
import { fakePicture, type FakeEngineOptions } from '../fake-engine'
import { deferred, startPage } from '../page'

const names = ['a', 'b', 'c', 'd', 'e', 'f']

const openPage = async (options: FakeEngineOptions = {}) => {
  startPage({ pictures: names.map((name) => fakePicture(name)), ...options })
  const library = useLibraryStore()
  await useModelsStore().load()
  await library.open('/photos')
  return library
}

/** 0 and 1 the same bytes, 1 and 2 the same picture, 3 and 4 alike at 0.9, 4 and 5 at 0.99. */
const pairs: DuplicatePairs = {
  left: Uint32Array.of(0, 0, 4, 3),
  right: Uint32Array.of(1, 2, 5, 4),
  similarity: Float32Array.of(1, 0.98, 0.99, 0.9),
  grade: Uint8Array.of(0, 1, 2, 2),
  withoutVectors: 0,
  leftOut: 0,
}
const withPairs: FakeEngineOptions = { handlers: { 'structure.duplicates': () => Promise.resolve(pairs) } }

describe('useDuplicatesStore', () => {
  it('groups by grade, the looser ones held together by the stricter, and by the threshold as it is moved', async () => {
    await openPage(withPairs)
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    const groups = () => duplicates.groups.map(({ rows }) => [...rows])
    expect([duplicates.counts, groups()]).toEqual([[1, 1, 1], [[0, 1, 2]]])
    duplicates.grade = 0
    expect(groups()).toEqual([[0, 1]])
    duplicates.grade = 2
    expect(groups()).toEqual([[4, 5]])
    duplicates.threshold = 0.85
    expect(groups()).toEqual([[3, 4, 5]])
  })

  it('never gives up the last copy, whichever is kept', async () => {
    await openPage(withPairs)
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    const [group] = duplicates.groups
    if (group === undefined) throw new Error('there is no group')
    for (const row of group.rows) {
      duplicates.keep(group, row)
      expect([duplicates.keptOf(group), [...duplicates.superfluous]]).toEqual([row, [0, 1, 2].filter((other) => other !== row)])
    }
    duplicates.keep(group, 5)
    expect(group.rows).toContain(duplicates.keptOf(group))
  })

  it('keeps all of what is no duplicate after all, and the group in sight to say otherwise', async () => {
    await openPage(withPairs)
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    const [group] = duplicates.groups
    duplicates.judge(group!, 'distinct')
    expect([duplicates.counts, duplicates.groups.length, [...duplicates.superfluous]]).toEqual([[1, 0, 1], 1, []])
    duplicates.judge(group!, undefined)
    expect([duplicates.counts[1], duplicates.superfluous.length]).toEqual([1, 2])
  })

  it('gives up only what a person has looked at when asked to, and of similar scenes unless told otherwise', async () => {
    await openPage(withPairs)
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    duplicates.scope = 'reviewed'
    expect([...duplicates.superfluous]).toEqual([])
    duplicates.judge(duplicates.groups[0]!, 'kept')
    expect([duplicates.reviewed, duplicates.superfluous.length]).toEqual([1, 2])
    duplicates.grade = 2
    expect([duplicates.scope, duplicates.groups.length, duplicates.superfluous.length]).toEqual(['reviewed', 1, 0])
    duplicates.scope = 'all'
    expect(duplicates.superfluous.length).toBe(1)
  })

  it('does not offer a picture for another whose file is gone or has become another since', async () => {
    const { host } = startPage({ pictures: names.map((name) => fakePicture(name)), ...withPairs })
    const library = useLibraryStore()
    library.follow()
    await useModelsStore().load()
    await library.open('/photos')
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    const idOf = (row: number): string => library.entryOfRow(row)?.id ?? ''
    const rows = () => [0, 1].map((upTo) => {
      duplicates.grade = upTo as 0 | 1
      return duplicates.groups.map((group) => [...group.rows])
    })
    expect(rows()).toEqual([[[0, 1]], [[0, 1, 2]]])
    host.push('library.changed', { libraryId: 'library of /photos', events: [{ kind: 'gone', ids: [idOf(0)] }] })
    await vi.waitFor(() => { expect(rows()).toEqual([[], [[1, 2]]]) })
    host.push('library.changed', { libraryId: 'library of /photos', events: [{ kind: 'changed', ids: [idOf(1)] }] })
    await vi.waitFor(() => { expect([rows(), duplicates.superfluous.length]).toEqual([[[], []], 0]) })
  })

  it('holds the copies apart that a saved selection could not', async () => {
    await openPage(withPairs)
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    duplicates.keep(duplicates.groups[0]!, 0)
    expect([[...duplicates.superfluous], [...duplicates.savable], [...duplicates.rest()]]).toEqual([[1, 2], [2], [0, 3, 4, 5]])
  })

  it('keeps what was found, and what was decided, when looking again is stopped', async () => {
    let asked = 0
    const second = deferred<never>()
    await openPage({ handlers: { 'structure.duplicates': () => (asked++ === 0 ? Promise.resolve(pairs) : second.promise) } })
    const duplicates = useDuplicatesStore()
    await duplicates.find()
    duplicates.keep(duplicates.groups[0]!, 2)
    const again = duplicates.find()
    await vi.waitFor(() => { expect(duplicates.state.phase).toBe('running') })
    second.reject(new EngineError('CANCELLED', 'cancelled'))
    await again
    expect([duplicates.state.phase, duplicates.groups.length, duplicates.keptOf(duplicates.groups[0]!)]).toEqual(['done', 1, 2])
  })
})

const info: ClusteringInfo = { clusteringId: 'one', name: 'One', method: 'kmeans', createdAt: '2026-03-12T21:40:00.000Z', clusters: 2, silhouette: 0.5, modelId: 'demo', pooling: 'cls' }
const cluster = (id: number, size: number): Cluster => ({ id, name: `Cluster ${id + 1}`, size, representatives: new Uint32Array(), tightness: 0.9 })

describe('useClustersStore', () => {
  const findTwo = async (clusters: ReturnType<typeof useClustersStore>): Promise<void> => {
    clusters.choice = { method: 'kmeans', clusters: 2, smallest: 2 }
    await clusters.find()
  }

  it('finds clusters, keeps them, and tells which pictures are in one', async () => {
    await openPage()
    const clusters = useClustersStore()
    await findTwo(clusters)
    const all = clusters.clustering?.clusters.flatMap(({ id }) => [...clusters.rowsOf(id)]).sort()
    expect([clusters.state.phase, all, clusters.stored.length]).toEqual(['done', [0, 1, 2, 3, 4, 5], 1])
  })

  it('tells why a change could not be made, and shows what was there before', async () => {
    await openPage({ handlers: { 'structure.change': () => Promise.reject(new EngineError('DISK', 'the disk is full')) } })
    const clusters = useClustersStore()
    await findTwo(clusters)
    const before = clusters.clustering
    await clusters.change({ kind: 'merge', clusters: [0, 1] })
    expect([clusters.clustering, useNoticesStore().notices.map(({ text }) => text)]).toEqual([before, ['The clusters could not be changed: the disk is full']])
  })

  it('lets go of marks when the clusters are others, and takes back only what can be', async () => {
    const undone: string[] = []
    const clustering = (canUndo: boolean): Clustering => ({ info: { ...info, clusters: 2 }, labels: Int32Array.of(0, 0, 0, 1, 1, -1), clusters: [cluster(0, 3), cluster(1, 2)], canUndo })
    await openPage({
      handlers: {
        'structure.cluster': () => Promise.resolve(clustering(false)),
        'structure.change': ({ change }) => {
          undone.push(change.kind)
          return Promise.resolve(clustering(change.kind !== 'undo'))
        },
      },
    })
    const clusters = useClustersStore()
    await findTwo(clusters)
    clusters.undo()
    clusters.mark(0)
    clusters.mark(1)
    expect([undone, [...clusters.marked], [...clusters.rowsOf(-1)]]).toEqual([[], [0, 1], [5]])
    await clusters.mergeMarked()
    expect([undone, clusters.marked.size, clusters.canUndo]).toEqual([['merge'], 0, true])
    clusters.undo()
    await vi.waitFor(() => { expect([undone, clusters.canUndo, clusters.changing]).toEqual([['merge', 'undo'], false, false]) })
  })

  it('is gone with the folder', async () => {
    const library = await openPage()
    const clusters = useClustersStore()
    await findTwo(clusters)
    await library.close()
    expect([clusters.state.phase, clusters.clustering, clusters.stored]).toEqual(['idle', undefined, []])
  })
})

describe('useOutliersStore', () => {
  it('puts the most unusual first and leaves out what has no vector', async () => {
    await openPage({ handlers: { 'structure.outliers': () => Promise.resolve({ uniqueness: Float32Array.of(0.1, NaN, 0.5, 0.1, 0.9, 0.2) }) } })
    const outliers = useOutliersStore()
    await outliers.find()
    expect([...outliers.ranked]).toEqual([4, 2, 5, 0, 3])
  })

  it('shows those within a range, and all of them again when they are compared anew', async () => {
    await openPage({ handlers: { 'structure.outliers': () => Promise.resolve({ uniqueness: Float32Array.of(0, NaN, 0.5, 0.25, 1, 0.75) }) } })
    const outliers = useOutliersStore()
    await outliers.find()
    outliers.span = [0.25, 0.75]
    expect([outliers.isNarrowed, [...outliers.shown]]).toEqual([true, [5, 2, 3]])
    await outliers.find()
    expect([outliers.isNarrowed, [...outliers.shown]]).toEqual([false, [4, 5, 2, 3, 0]])
  })
})

describe('useCurationStore', () => {
  it('says why nothing could be planned', async () => {
    await openPage({ handlers: { 'structure.curate': () => Promise.reject(new EngineError('NOT_FOUND', 'embed it first')) } })
    const curation = useCurationStore()
    await curation.plan()
    expect(curation.state).toMatchObject({ phase: 'failed', problem: { code: 'NOT_FOUND', message: 'embed it first' } })
  })

  const plan = (target: number) => ({ kept: Uint32Array.of(target), duplicates: new Uint32Array(), balancedAway: new Uint32Array(), perCluster: new Uint32Array(3), representatives: Uint32Array.of(0), evennessBefore: 0, evennessAfter: 1 })

  it('forgets a plan that is overtaken by another', async () => {
    const slow = deferred<never>()
    let asked = 0
    await openPage({ embedded: ['demo'], handlers: { 'structure.curate': ({ target }) => (asked++ === 0 ? slow.promise : Promise.resolve(plan(target))) } })
    await useEmbedStatusStore().refresh()
    const curation = useCurationStore()
    const first = curation.plan()
    curation.change({ target: 4 })
    await curation.plan()
    slow.reject(new EngineError('CANCELLED', 'cancelled'))
    await first
    expect([...(curation.result?.kept ?? [])]).toEqual([4])
  })

  it('proposes numbers that fit the folder, and says when the plan shown is of others', async () => {
    await openPage({ embedded: ['demo'], handlers: { 'structure.curate': ({ target }) => Promise.resolve(plan(target)) } })
    await useEmbedStatusStore().refresh()
    const curation = useCurationStore()
    expect([curation.limits, curation.choice]).toEqual([{ target: 6, clusters: 6 }, { target: 3, clusters: 2, duplicateSimilarity: 0.96 }])
    await curation.plan()
    expect(curation.isOutdated).toBe(false)
    curation.change({ target: 100 })
    expect([curation.choice.target, curation.isOutdated]).toEqual([6, true])
  })
})
