/** @file Clusters, duplicates, outliers, curation and selections of the real engine, over a real folder and a real store. */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type Clustering, type ClusterRequest, type EngineContract, type HostMessage } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { modelKeyOf } from '../../../src/engine/host/model-key'
import { openStore } from '../../../src/engine/library'
import { memoryPair } from '../../../src/engine/link'
import { randomStream } from '../../../src/engine/tensor'
import { listModelFolders } from '../../../src/engine/weights'
import { drawQuarters } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const space = { modelId, pooling: 'cls' } as const
const groups = [9, 6, 4]

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
/** Relative paths by row. */
let names: readonly string[]

const inFolder = (...path: string[]): string => join(folder, ...path)

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: inFolder('workspace'), resources: inFolder('resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
}

async function openPhotos(): Promise<void> {
  const found: string[] = []
  const summary = await client['library.open']({ path: inFolder('photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images.map(({ relativePath }) => relativePath))
  }).result
  libraryId = summary.libraryId
  names = found
}

/** Pictures `g0-0.png` … in groups around directions of their own, with one copy of the first and one picture without a vector. */
async function writePhotos(): Promise<void> {
  const store = await openStore(inFolder('workspace'), { mode: 'write' })
  const { models } = await listModelFolders(inFolder('resources', 'models'))
  const key = modelKeyOf(models[0]!.manifest)
  const random = randomStream(4)
  const vectors: { hash: string; cls: Float32Array; mean: Float32Array }[] = []
  for (const [group, size] of groups.entries())
    for (let index = 0; index < size; index++) {
      const bytes = await drawQuarters(40 + 10 * group, 30 + index).png().toBuffer()
      await writeFile(inFolder('photos', `g${group}-${index}.png`), bytes)
      const vector = Float32Array.from({ length: key.dim }, (_, dim) => Number(dim === group) + 0.02 * random.normal())
      vectors.push({ hash: createHash('sha256').update(bytes).digest('hex'), cls: vector, mean: vector })
    }
  await cp(inFolder('photos', 'g0-0.png'), inFolder('photos', 'same.png'))
  await writeFile(inFolder('photos', 'without.png'), await drawQuarters(90, 90).rotate(90).flop().png().toBuffer())
  await (await store.vectors(key)).append(vectors)
  await store.close()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'structure-'))
  await mkdir(inFolder('photos'))
  await mkdir(inFolder('resources', 'samples'), { recursive: true })
  await addUntrainedModel(inFolder('resources'))
  await writePhotos()
  await start()
  await openPhotos()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const rowOf = (name: string): number => names.indexOf(name)
const rowsOf = (...wanted: string[]): Uint32Array => Uint32Array.from(wanted, rowOf)
const namesOf = (rows: Uint32Array): string[] => Array.from(rows, (row) => names[row]!)
const cluster = (over: Partial<ClusterRequest> = {}): Promise<Clustering> =>
  client['structure.cluster']({ ...space, libraryId, rows: undefined, method: 'kmeans', clusters: 3, smallest: 3, restarts: 3, seed: 1, ...over }, () => undefined).result
/** Names of the pictures of each cluster, by its name. */
const membersOf = ({ labels, clusters }: Clustering): Record<string, string[]> =>
  Object.fromEntries(clusters.map(({ id, name }) => [name, names.filter((_, row) => labels[row] === id).sort()]))
const group = (index: number): string[] => [...Array.from({ length: groups[index]! }, (_, member) => `g${index}-${member}.png`), ...(index === 0 ? ['same.png'] : [])]

describe('clusters', () => {
  it.each([{ method: 'kmeans' }, { method: 'kmeans', clusters: 'auto' }, { method: 'density' }] as const)('are the groups by $method ($clusters), largest first, with those in the middle standing for them', async (over) => {
    const { info, labels, clusters, canUndo } = await cluster(over)
    expect({ members: membersOf({ info, labels, clusters, canUndo }), sizes: clusters.map(({ size }) => size), ids: clusters.map(({ id }) => id), canUndo }).toEqual({
      members: { 'Cluster 1': group(0), 'Cluster 2': group(1), 'Cluster 3': group(2) },
      sizes: [10, 6, 4],
      ids: [0, 1, 2],
      canUndo: false,
    })
    expect(labels[rowOf('without.png')]).toBe(-1)
    for (const { representatives, tightness, id } of clusters) {
      expect(namesOf(representatives).every((name) => labels[rowOf(name)] === id)).toBe(true)
      expect(tightness).toBeGreaterThan(0.9)
    }
    expect(info).toMatchObject({ ...space, method: over.method, clusters: 3, name: over.method === 'density' ? 'Density, 3 clusters' : 'k-means, 3 clusters' })
    expect(info.silhouette).toBeGreaterThan(0.8)
    await client['structure.removeClustering']({ clusteringId: info.clusteringId })
  })

  it('can be renamed, merged and divided, and all of it taken back, across a restart and a move', async () => {
    const { info } = await cluster()
    const { clusteringId } = info
    const change = (changed: Parameters<typeof client['structure.change']>[0]['change']): Promise<Clustering> => client['structure.change']({ libraryId, clusteringId, change: changed })
    await change({ kind: 'rename', cluster: 1, name: 'Middle' })
    const merged = await change({ kind: 'merge', clusters: [2, 1] })
    expect(membersOf(merged)).toEqual({ 'Cluster 1': group(0), Middle: [...group(1), ...group(2)] })
    const divided = await change({ kind: 'split', cluster: 1, into: 2 })
    expect({ members: membersOf(divided), ids: divided.clusters.map(({ id }) => id), tight: divided.clusters.every(({ tightness }) => tightness > 0.9) }).toEqual({
      members: { 'Cluster 1': group(0), 'Middle (1)': group(1), 'Middle (2)': group(2) },
      ids: [0, 1, 2],
      tight: true,
    })

    await engine.dispose()
    await rename(inFolder('photos', 'g2-0.png'), inFolder('photos', 'moved.png'))
    await start()
    await openPhotos()
    expect((await client['structure.clusterings']({ libraryId })).map((one) => [one.clusteringId, one.clusters])).toEqual([[clusteringId, 3]])
    const again = await client['structure.clustering']({ libraryId, clusteringId })
    expect([again.labels[rowOf('moved.png')], again.clusters.map(({ size }) => size)]).toEqual([2, [10, 6, 4]])

    const undone = [await change({ kind: 'undo' }), await change({ kind: 'undo' }), await change({ kind: 'undo' })]
    expect(undone.map(({ clusters, canUndo }) => [clusters.map(({ name }) => name), canUndo])).toEqual([
      [['Cluster 1', 'Middle'], true],
      [['Cluster 1', 'Middle', 'Cluster 3'], true],
      [['Cluster 1', 'Cluster 2', 'Cluster 3'], false],
    ])
    expect(await thrownBy(() => change({ kind: 'undo' }))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => change({ kind: 'merge', clusters: [0, 77] }))).toMatchObject({ code: 'NOT_FOUND' })
    await client['structure.removeClustering']({ clusteringId })
    expect(await client['structure.clusterings']({ libraryId })).toEqual([])
    // Gone rows stay known, and count for nothing from here on.
    await rename(inFolder('photos', 'moved.png'), inFolder('photos', 'g2-0.png'))
    await openPhotos()
    expect(await thrownBy(() => client['structure.clustering']({ libraryId, clusteringId }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('of some pictures leave the others without one', async () => {
    const { labels, info } = await cluster({ rows: rowsOf('g1-0.png', 'g1-1.png', 'g2-1.png', 'g2-2.png'), clusters: 2 })
    expect(names.filter((_, row) => labels[row]! >= 0).sort()).toEqual(['g1-0.png', 'g1-1.png', 'g2-1.png', 'g2-2.png'])
    await client['structure.removeClustering']({ clusteringId: info.clusteringId })
  })
})

describe('duplicates, outliers and curation', () => {
  it('tell the same bytes, and what could not be compared by vectors', async () => {
    const { left, right, grade, withoutVectors } = await client['structure.duplicates']({ ...space, libraryId, rows: rowsOf('g0-0.png', 'same.png', 'without.png', 'g2-3.png'), floor: 0.99 }, () => undefined).result
    expect({ pairs: Array.from(left, (row, pair) => [...namesOf(Uint32Array.of(row, right[pair]!)).sort(), grade[pair]]), withoutVectors }).toEqual({ pairs: [['g0-0.png', 'same.png', 0]], withoutVectors: 1 })
  })

  it('compare bytes and looks where nothing is embedded with the model', async () => {
    const { grade, withoutVectors } = await client['structure.duplicates']({ ...space, libraryId, rows: rowsOf('without.png'), floor: 0.9 }, () => undefined).result
    expect({ pairs: grade.length, withoutVectors }).toEqual({ pairs: 0, withoutVectors: 1 })
    expect(await thrownBy(() => client['structure.duplicates']({ ...space, modelId: 'none', libraryId, rows: undefined, floor: 0.9 }, () => undefined).result)).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('give each picture with a vector its uniqueness', async () => {
    const { uniqueness } = await client['structure.outliers']({ ...space, libraryId, rows: undefined, neighbours: 3 }, () => undefined).result
    expect([uniqueness.length - names.length, uniqueness[rowOf('without.png')], Math.max(...uniqueness.filter((value) => !Number.isNaN(value))) < 0.2]).toEqual([0, NaN, true])
  })

  it('plan a curation with counts that add up', async () => {
    const plan = await client['structure.curate']({ ...space, libraryId, rows: undefined, duplicateSimilarity: 0.999, clusters: 3, target: 12, seed: 5 }, () => undefined).result
    expect({ kept: plan.kept.length, perCluster: [...plan.perCluster], duplicates: namesOf(plan.duplicates) }).toEqual({ kept: 12, perCluster: [10, 9, 4, 6, 6, 4, 4, 4, 4], duplicates: ['same.png'] })
  })
})

describe('selections and tags', () => {
  const create = (name: string, rows: Uint32Array, kind: 'selection' | 'tag' = 'selection') => client['sets.create']({ libraryId, kind, name, rows })
  const rowsIn = async (setId: string): Promise<string[]> => namesOf((await client['sets.rows']({ libraryId, setId })).rows).sort()

  it('hold pictures by content, with every copy of it', async () => {
    const set = await create('Good ones', rowsOf('g0-0.png', 'g1-0.png', 'without.png'))
    expect(set).toMatchObject({ kind: 'selection', name: 'Good ones', here: 4, size: 3 })
    expect(await rowsIn(set.setId)).toEqual(['g0-0.png', 'g1-0.png', 'same.png', 'without.png'])
    expect(await client['sets.change']({ libraryId, setId: set.setId, change: { kind: 'add', rows: rowsOf('g2-1.png', 'same.png') } })).toMatchObject({ size: 4 })
    expect(await client['sets.change']({ libraryId, setId: set.setId, change: { kind: 'take', rows: rowsOf('same.png') } })).toMatchObject({ size: 3 })
    expect(await rowsIn(set.setId)).toEqual(['g1-0.png', 'g2-1.png', 'without.png'])
    expect(await client['sets.change']({ libraryId, setId: set.setId, change: { kind: 'rename', name: 'Best ones' } })).toMatchObject({ name: 'Best ones' })

    await engine.dispose()
    await start()
    await openPhotos()
    expect((await client['sets.list']({ libraryId })).map(({ name, here, size }) => ({ name, here, size }))).toEqual([{ name: 'Best ones', here: 3, size: 3 }])
    expect(await client['sets.change']({ libraryId, setId: set.setId, change: { kind: 'replace', rows: rowsOf('g0-1.png') } })).toMatchObject({ size: 1 })
    await client['sets.remove']({ setId: set.setId })
  })

  it('can be brought back after they were removed, and have one name each within their kind', async () => {
    const set = await create('Twice', rowsOf('g0-1.png'))
    expect(await thrownBy(() => create('twice', rowsOf('g0-2.png')))).toMatchObject({ code: 'ALREADY_EXISTS' })
    const tag = await create('Twice', rowsOf('g0-2.png'), 'tag')
    await client['sets.remove']({ setId: set.setId })
    expect(await thrownBy(() => rowsIn(set.setId))).toMatchObject({ code: 'NOT_FOUND' })
    expect((await readdir(inFolder('workspace', 'sets'))).length).toBe(1)
    expect(await client['sets.restore']({ libraryId, setId: set.setId })).toEqual(set)
    expect(await rowsIn(set.setId)).toEqual(['g0-1.png'])
    expect(await thrownBy(() => client['sets.restore']({ libraryId, setId: set.setId }))).toMatchObject({ code: 'NOT_FOUND' })
    for (const { setId } of [set, tag]) await client['sets.remove']({ setId })
  })

  it('refuse rows that the folder does not have', async () => {
    expect(await thrownBy(() => create('Beyond', Uint32Array.of(0, 99)))).toMatchObject({ code: 'BAD_REQUEST', detail: { row: 99, images: names.length } })
    expect(await client['sets.list']({ libraryId })).toEqual([])
  })

  it('are copied away whole', async () => {
    await mkdir(inFolder('away'))
    const result = await client['sets.copy']({ libraryId, rows: rowsOf('g0-0.png', 'same.png'), folder: inFolder('away'), keepFolders: false }, () => undefined).result
    expect(result).toMatchObject({ copied: 2, skipped: [] })
    expect(await readFile(inFolder('away', 'same.png'))).toEqual(await readFile(inFolder('photos', 'g0-0.png')))
    expect(await thrownBy(() => client['sets.copy']({ libraryId, rows: rowsOf('g0-0.png'), folder: inFolder('photos'), keepFolders: false }, () => undefined).result)).toMatchObject({ code: 'FORBIDDEN' })
  })
})
