/** @file Maps of the real engine over a real folder and a real store: computed, kept, found again by content, computed anew when damaged. */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type MapData, type MapRequest } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { modelKeyOf } from '../../../src/engine/host/model-key'
import { openStore, type StoredVectors } from '../../../src/engine/library'
import { memoryPair } from '../../../src/engine/link'
import { randomStream } from '../../../src/engine/tensor'
import { listModelFolders } from '../../../src/engine/weights'
import { drawQuarters } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const groups = [12, 8]
/** Patches of each picture, and dimensions that they are kept in. */
const [grid, patchDims] = [4, 8]

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

async function open(path: string): Promise<{ readonly libraryId: string; readonly names: readonly string[] }> {
  const found: string[] = []
  const summary = await client['library.open']({ path }, (event) => {
    if (event.kind === 'found') found.push(...event.images.map(({ relativePath }) => relativePath))
  }).result
  return { libraryId: summary.libraryId, names: found }
}

async function openPhotos(): Promise<void> {
  ;({ libraryId, names } = await open(inFolder('photos')))
}

/** Pictures in two groups around directions of their own, with vectors and patch tokens; one copy, and one without either. */
async function writePhotos(): Promise<void> {
  const store = await openStore(inFolder('workspace'), { mode: 'write' })
  const { models } = await listModelFolders(inFolder('resources', 'models'))
  const key = modelKeyOf(models[0]!.manifest)
  const random = randomStream(4)
  const vectors: StoredVectors[] = []
  for (const [group, size] of groups.entries())
    for (let index = 0; index < size; index++) {
      const bytes = await drawQuarters(40 + 10 * group, 30 + index).png().toBuffer()
      await writeFile(inFolder('photos', `g${group}-${String(index).padStart(2, '0')}.png`), bytes)
      const vector = Float32Array.from({ length: key.dim }, (_, dim) => Number(dim === group) + 0.02 * random.normal())
      vectors.push({ hash: createHash('sha256').update(bytes).digest('hex'), cls: vector, mean: vector })
    }
  await cp(inFolder('photos', 'g0-00.png'), inFolder('photos', 'same.png'))
  await writeFile(inFolder('photos', 'without.png'), await drawQuarters(90, 90).rotate(90).flop().png().toBuffer())
  await (await store.vectors(key)).append(vectors)
  const patches = await store.patches(key)
  const axes = new Float32Array(patchDims * key.dim)
  for (let axis = 0; axis < patchDims; axis++) axes[axis * key.dim + axis] = 1
  await patches.setBasis({ dim: key.dim, dims: patchDims, mean: new Float32Array(key.dim), axes, explained: 1 })
  const codes = (): Int8Array => Int8Array.from({ length: grid * grid * patchDims }, () => Math.round(60 * random.normal()))
  await patches.append(vectors.map(({ hash }) => ({ hash, gridHeight: grid, gridWidth: grid, codes: codes(), scale: 0.01 })))
  await store.close()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'map-'))
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

const request = (over: Partial<MapRequest> = {}): MapRequest => ({ libraryId, rows: undefined, modelId, pooling: 'cls', subject: 'images', method: 'pca', dims: 2, neighbours: 5, minDist: 0.1, seed: 3, ...over })
const project = (over: Partial<MapRequest> = {}): Promise<MapData> => client['map.project'](request(over), () => undefined).result
const placeOf = ({ rows, coordinates, info: { dims } }: MapData, name: string): number[] => {
  const point = rows.indexOf(names.indexOf(name))
  return point < 0 ? [] : Array.from(coordinates.slice(point * dims, (point + 1) * dims))
}

describe('maps', () => {
  it('hold every picture that has a vector, near those of its kind', async () => {
    const map = await project()
    const { info, rows, patches, coordinates } = map
    const expected = names.flatMap((name, row) => (name === 'without.png' ? [] : [row]))
    expect({ rows: [...rows], patches, length: coordinates.length }).toEqual({ rows: expected, patches: undefined, length: 2 * 21 })
    expect(info).toEqual({
      ...{ mapId: expect.stringMatching(/^[0-9a-f]{32}$/), modelId, pooling: 'cls', subject: 'images', method: 'pca', dims: 2, neighbours: 5, minDist: 0, seed: 0, points: 21, of: 21 },
      computedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      quality: { neighbours: 5, points: 21, trustworthiness: expect.any(Number), preserved: expect.any(Number) },
      explained: [expect.any(Number), expect.any(Number)],
    })
    const sides = names.flatMap((name) => (name.startsWith('g') ? [`${name[1]} ${Math.sign(placeOf(map, name)[0]!)}`] : []))
    expect(new Set(sides).size).toBe(2)
    expect(placeOf(map, 'same.png')).toEqual(placeOf(map, 'g0-00.png'))
  })

  it('are computed once: asked for again, or loaded, they come from the disk', async () => {
    const first = await project({ method: 'umap', dims: 3 })
    const told: string[] = []
    const again = await client['map.project'](request({ method: 'umap', dims: 3 }), ({ title }) => told.push(title)).result
    expect({ again, told }).toEqual({ again: first, told: [] })
    expect(await client['map.load']({ libraryId, mapId: first.info.mapId })).toEqual(first)
    // What a method does not look at makes no other map; what it does look at does.
    const [pca, other] = [await project({ minDist: 0.5, seed: 9 }), await project({ method: 'umap', dims: 3, seed: 9 })]
    expect([pca.info.mapId === (await project()).info.mapId, other.info.mapId === first.info.mapId]).toEqual([true, false])
    const stored = await client['map.stored']({ libraryId })
    expect(stored.map(({ mapId }) => mapId).slice(0, 2)).toEqual([other.info.mapId, first.info.mapId])
    expect(stored.map(({ computedAt }) => computedAt)).toEqual(stored.map(({ computedAt }) => computedAt).toSorted().reverse())
  })

  it('are of the chosen pictures alone', async () => {
    const rows = Uint32Array.of(7, 2, 5, 2)
    expect([...(await project({ rows })).rows]).toEqual([2, 5, 7])
    const two = await project({ rows: Uint32Array.of(2, 7), method: 'umap' })
    expect({ rows: [...two.rows], quality: two.info.quality, within: two.coordinates.every((value) => Math.abs(value) <= 1) }).toEqual({ rows: [2, 7], quality: undefined, within: true })
    expect(await thrownBy(() => project({ rows: Uint32Array.of(names.indexOf('without.png')) }))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await thrownBy(() => project({ rows: Uint32Array.of(names.indexOf('without.png')), subject: 'patches' }))).toMatchObject({ code: 'NOT_FOUND', message: 'none of these pictures has patch tokens of Untrained demo yet; embed them with patches first' })
  })

  it.each(['pca', 'umap'] as const)('show patches of pictures, each as near as its token: %s', async (method) => {
    const map = await project({ subject: 'patches', method, dims: 3 })
    const { info, rows, patches, coordinates } = map
    expect({ points: info.points, of: info.of, coordinates: coordinates.length, members: new Set(Array.from(rows, (row, point) => `${row} ${patches?.[point] ?? -1}`)).size }).toEqual({ points: 320, of: 320, coordinates: 960, members: 320 })
    // The copy has no point of its own: its content is there once.
    expect([rows.includes(names.indexOf('g0-00.png')), rows.includes(names.indexOf('same.png')), Math.max(...patches!)]).toEqual([true, false, 15])
    expect(info.quality?.trustworthiness).toBeGreaterThan(0.7)
    expect(await client['map.load']({ libraryId, mapId: info.mapId })).toEqual(map)
  })

  it('leave nothing behind when they are cancelled', async () => {
    const before = await readdir(inFolder('workspace', 'maps'))
    const job = client['map.project'](request({ method: 'umap', seed: 77 }), () => undefined)
    await job.cancel()
    expect(await thrownBy(() => job.result)).toMatchObject({ code: 'CANCELLED' })
    expect(await readdir(inFolder('workspace', 'maps'))).toEqual(before)
  })

  it('are told when there are none, or the folder or model is not there', async () => {
    const codes = await Promise.all(
      [() => client['map.load']({ libraryId, mapId: '../../secret' }), () => client['map.load']({ libraryId, mapId: '0'.repeat(32) }), () => client['map.stored']({ libraryId: 'none' }), () => project({ modelId: 'none' })].map(async (work) => (await thrownBy(work)) as { readonly code: string }),
    )
    expect(codes.map(({ code }) => code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  })

  it('are computed anew when they are damaged, and the log tells of it', async () => {
    const log = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    onTestFinished(() => { log.mockRestore() })
    const { info, coordinates } = await project()
    const path = inFolder('workspace', 'maps', info.mapId, 'coordinates.npy')
    const bytes = await readFile(path)
    bytes[bytes.length - 2]! ^= 1
    await writeFile(path, bytes)
    expect(await thrownBy(() => client['map.load']({ libraryId, mapId: info.mapId }))).toMatchObject({ code: 'NOT_FOUND' })
    const again = await project()
    expect([again.info.mapId === info.mapId, again.info.computedAt > info.computedAt, again.coordinates]).toEqual([true, true, coordinates])
    await writeFile(inFolder('workspace', 'maps', info.mapId, 'map.json'), '{"version": 1}')
    expect((await client['map.stored']({ libraryId })).some(({ mapId }) => mapId === info.mapId)).toBe(false)
    expect((await project()).coordinates).toEqual(coordinates)
    expect(new Set(log.mock.calls.map(([line]) => line))).toEqual(
      new Set(['coordinates.npy', 'map.json'].map((file) => `dinoscope engine: map ${info.mapId} is damaged and will be computed anew: ${file} is not as it was written\n`)),
    )
  })

  it('find their pictures by content after a restart: moved ones where they are now, lost ones not at all', async () => {
    const before = await project({ method: 'umap' })
    const placed = new Map(names.map((name) => [name, placeOf(before, name)]))
    await engine.dispose()
    await mkdir(inFolder('photos', 'deep'))
    await rename(inFolder('photos', 'g1-03.png'), inFolder('photos', 'deep', 'moved.png'))
    await rename(inFolder('photos', 'g0-05.png'), inFolder('photos', 'aaa.png'))
    await rm(inFolder('photos', 'g0-07.png'))
    await rm(inFolder('photos', 'same.png'))
    await start()
    await openPhotos()
    const after = await client['map.load']({ libraryId, mapId: before.info.mapId })
    expect([after.rows.length, placeOf(after, 'g0-07.png'), placeOf(after, 'same.png')]).toEqual([19, [], []])
    const same = [['deep/moved.png', 'g1-03.png'], ['aaa.png', 'g0-05.png'], ['g0-00.png', 'g0-00.png'], ['g1-07.png', 'g1-07.png']] as const
    expect(same.map(([now]) => placeOf(after, now))).toEqual(same.map(([, then]) => placed.get(then)))
    expect((await client['map.stored']({ libraryId })).some(({ mapId }) => mapId === before.info.mapId)).toBe(true)
    // Other pictures are another map, and those moved away count once.
    expect((await project({ method: 'umap' })).info.points).toBe(19)
  })

  it('are not those of a folder with other pictures', async () => {
    await mkdir(inFolder('other'))
    await writeFile(inFolder('other', 'alone.png'), await drawQuarters(77, 33).png().toBuffer())
    await cp(inFolder('photos', 'g0-00.png'), inFolder('other', 'known.png'))
    const other = await open(inFolder('other'))
    const maps = await client['map.stored']({ libraryId: other.libraryId })
    expect(maps).toEqual([])
  })
})
