/** @file Maps, clusters, duplicates and outliers made of invented numbers over the fake pictures. */
import { EngineError, type Clustering, type EngineContract, type Handlers, type MapData } from '../../src/engine/contract'
import { fraction, progressOf, type FakePicture } from './fake-pictures'

type StructureRequests = Extract<keyof Handlers<EngineContract>, `map.${string}` | `structure.${string}`>

export interface FakeStructureOptions {
  readonly pictures: readonly FakePicture[]
  readonly pause: (milliseconds: number) => Promise<void>
}

export interface FakeStructure {
  readonly handlers: Pick<Handlers<EngineContract>, StructureRequests>
}

const computedAt = '2026-03-12T21:40:00.000Z'

export function createFakeStructure({ pictures, pause }: FakeStructureOptions): FakeStructure {
  const maps = new Map<string, MapData>()
  const clusterings = new Map<string, Clustering>()
  const allRows = Uint32Array.from(pictures.keys())
  const clusteringOf = (clusteringId: string): Clustering => {
    const found = clusterings.get(clusteringId)
    if (found === undefined) throw new EngineError('NOT_FOUND', `there are no clusters ${clusteringId}`)
    return found
  }
  const work = async (title: string, { signal, emit }: { readonly signal: AbortSignal; emit(event: ReturnType<typeof progressOf>): void }): Promise<void> => {
    for (let part = 0; part < 10; part += 1) {
      signal.throwIfAborted()
      emit(progressOf(title, part, 10))
      await pause(100)
    }
  }
  const groupOf = (row: number, groups: number): number => Math.floor(fraction(pictures[row]?.id ?? '') * groups)

  return {
    handlers: {
      'map.project': async ({ rows = allRows, libraryId: _libraryId, ...request }, context) => {
        await work('Projecting', context)
        const groups = 6
        const coordinates = Float32Array.from({ length: rows.length * request.dims }, (_, index) => {
          const row = rows[Math.floor(index / request.dims)] ?? 0
          const axis = index % request.dims
          return 0.8 * (fraction(`${groupOf(row, groups)}${axis}`) * 2 - 1) + 0.2 * (fraction(`${pictures[row]?.id ?? ''}${axis}`) * 2 - 1)
        })
        const quality = request.method === 'umap' ? { neighbours: 15, trustworthiness: 0.971, preserved: 0.622, points: rows.length } : undefined
        const explained = request.method === 'pca' ? [0.31, 0.18, 0.11].slice(0, request.dims) : undefined
        const mapId = [request.method, request.dims, request.subject, rows.length].join('-')
        const data: MapData = { info: { ...request, mapId, points: rows.length, computedAt, quality, explained, of: rows.length }, rows, patches: undefined, coordinates }
        maps.set(mapId, data)
        return data
      },
      'map.stored': () => Promise.resolve([...maps.values()].map(({ info }) => info)),
      'map.load': ({ mapId }) => {
        const map = maps.get(mapId)
        if (map === undefined) throw new EngineError('NOT_FOUND', `there is no map ${mapId}`)
        return Promise.resolve(map)
      },
      'structure.cluster': async ({ modelId, pooling, method, clusters }, context) => {
        await work('Clustering', context)
        const count = clusters === 'auto' ? 5 : clusters
        const labels = Int32Array.from(pictures, (_, row) => groupOf(row, count))
        const made = Array.from({ length: count }, (_, id) => {
          const members = [...labels.keys()].filter((row) => labels[row] === id)
          return { id, name: `Cluster ${id + 1}`, size: members.length, representatives: Uint32Array.from(members.slice(0, 4)), tightness: 0.6 + 0.3 * fraction(`t${id}`) }
        }).sort((a, b) => b.size - a.size)
        const clusteringId = `clusters ${clusterings.size + 1}`
        const info = { modelId, pooling, clusteringId, name: `${count} clusters`, method, createdAt: computedAt, clusters: count, silhouette: 0.34 }
        const clustering: Clustering = { info, labels, clusters: made, canUndo: false }
        clusterings.set(clusteringId, clustering)
        return clustering
      },
      'structure.clusterings': () => Promise.resolve([...clusterings.values()].map(({ info }) => info)),
      'structure.clustering': ({ clusteringId }) => Promise.resolve(clusteringOf(clusteringId)),
      'structure.change': ({ clusteringId, change }) => {
        const before = clusteringOf(clusteringId)
        if (change.kind !== 'rename') throw new EngineError('BAD_REQUEST', `the invented engine cannot ${change.kind} clusters`)
        const changed = { ...before, clusters: before.clusters.map((one) => (one.id === change.cluster ? { ...one, name: change.name } : one)) }
        clusterings.set(clusteringId, changed)
        return Promise.resolve(changed)
      },
      'structure.removeClustering': ({ clusteringId }) => {
        clusterings.delete(clusteringId)
        return Promise.resolve(undefined)
      },
      'structure.duplicates': async (_request, context) => {
        await work('Comparing pictures', context)
        const pairs = pictures.length < 4 ? [] : [[0, 1, 1, 0], [0, 2, 0.99, 1], [2, 3, 0.94, 2]]
        const column = (at: number): number[] => pairs.map((pair) => pair[at] ?? 0)
        return {
          left: Uint32Array.from(column(0)),
          right: Uint32Array.from(column(1)),
          similarity: Float32Array.from(column(2)),
          grade: Uint8Array.from(column(3)),
          withoutVectors: 0,
          leftOut: 0,
        }
      },
      'structure.outliers': async (_request, context) => {
        await work('Looking for the unusual', context)
        return { uniqueness: Float32Array.from(pictures, ({ id }) => fraction(`${id}!`)) }
      },
      'structure.curate': async ({ rows = allRows, target }, context) => {
        await work('Curating', context)
        const kept = rows.slice(0, target)
        const rest = rows.slice(target)
        return {
          kept,
          duplicates: rest.slice(0, Math.floor(rest.length / 2)),
          balancedAway: rest.slice(Math.floor(rest.length / 2)),
          perCluster: Uint32Array.of(rows.length, rows.length - Math.floor(rest.length / 2), kept.length),
          representatives: rows.slice(0, 1),
          evennessBefore: 0.71,
          evennessAfter: 0.96,
        }
      },
    },
  }
}
