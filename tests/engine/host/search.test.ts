/** @file Searches of the real engine over a real store: by pictures of the folder, dropped ones, patches, exactly and by the index. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type ImageEntry, type SearchExample, type SearchRequest } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { modelKeyOf } from '../../../src/engine/host/model-key'
import { openStore } from '../../../src/engine/library'
import { memoryPair } from '../../../src/engine/link'
import { randomStream } from '../../../src/engine/tensor'
import { listModelFolders } from '../../../src/engine/weights'
import { drawQuarters, jpegPicture } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
/** Fewer, and the store builds no index. */
const elsewhere = 1000

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let rowOf: ReadonlyMap<string, number>
let idOf: ReadonlyMap<string, string>

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
}

async function openPhotos(): Promise<void> {
  const found: ImageEntry[] = []
  const summary = await client['library.open']({ path: join(folder, 'photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images)
  }).result
  libraryId = summary.libraryId
  rowOf = new Map(found.map(({ relativePath }, at) => [relativePath, at]))
  idOf = new Map(found.map(({ relativePath, id }) => [relativePath, id]))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'search-'))
  await mkdir(join(folder, 'photos', 'copies'), { recursive: true })
  const photo = (path: string, bytes: Buffer): Promise<void> => writeFile(join(folder, 'photos', path), bytes)
  await photo('a.jpg', await jpegPicture(300, 200))
  await photo('copies/same-bytes.jpg', await jpegPicture(300, 200))
  await photo('again.webp', await drawQuarters(300, 200).webp({ quality: 60 }).toBuffer())
  await photo('turned.jpg', await drawQuarters(300, 200).rotate(180).jpeg().toBuffer())
  await photo('grey.jpg', await drawQuarters(300, 200).greyscale().jpeg().toBuffer())
  await photo('broken.jpg', (await jpegPicture(300, 200)).subarray(0, 700))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await start()
  await openPhotos()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const row = (name: string, sign: 1 | -1 = 1): SearchExample => ({ kind: 'row', row: rowOf.get(name)!, sign })
const request = (examples: readonly SearchExample[], over: Partial<SearchRequest> = {}): SearchRequest => ({ libraryId, modelId, pooling: 'cls', examples, top: 10, method: 'auto', ...over })
const named = (rows: Uint32Array): string[] => Array.from(rows, (found) => [...rowOf].find(([, at]) => at === found)?.[0] ?? '?')

describe('search', () => {
  it('asks for the folder to be embedded first', async () => {
    const message = 'no picture of this folder has vectors of Untrained demo yet; embed it first'
    expect([await thrownBy(() => client['search.images'](request([row('a.jpg')]))), await thrownBy(() => client['search.buildIndex']({ libraryId, modelId, pooling: 'cls' }, () => undefined).result)]).toMatchObject([{ code: 'NOT_FOUND', message }, { code: 'NOT_FOUND', message }])
  })

  it('embeds an example that has no vector yet, and refuses one that is broken', async () => {
    const others = Uint32Array.from([...rowOf].flatMap(([name, at]) => (name === 'grey.jpg' ? [] : [at])))
    await client['embed.run']({ libraryId, rows: others, modelId, patches: false }, () => undefined).result
    const { rows, searched } = await client['search.images'](request([row('grey.jpg')]))
    expect([rows.length, rows.includes(rowOf.get('grey.jpg')!), searched]).toEqual([4, false, 4])
    expect(await thrownBy(() => client['search.images'](request([row('broken.jpg')])))).toMatchObject({ code: 'IMG_TRUNCATED' })
    await client['embed.run']({ libraryId, rows: undefined, modelId, patches: false }, () => undefined).result
    expect((await client['search.images'](request([row('grey.jpg')]))).searched).toBe(5)
  })

  it('asks for patches to be embedded before it looks for them', async () => {
    const { analysisId } = await client['view.analyse']({ imageId: idOf.get('a.jpg')!, modelId, size: 'evaluation' }).result
    expect(await thrownBy(() => client['search.patches']({ libraryId, analysisId, patches: [0], top: 3 }))).toMatchObject({ code: 'NOT_FOUND', message: 'no picture of this folder has patch tokens of Untrained demo yet; embed it with patches first' })
    await client['embed.run']({ libraryId, rows: undefined, modelId, patches: true }, () => undefined).result
  })

  it.each(['cls', 'mean', 'cls+mean'] as const)('finds pictures like one of the folder by %s, without that one', async (pooling) => {
    const { rows, scores, ms, ...rest } = await client['search.images'](request([row('a.jpg')], { pooling }))
    const names = named(rows)
    expect({ ...rest, two: names.slice(0, 2), count: names.length, first: scores[0]?.toFixed(4), falling: scores.every((score, index) => score <= (scores[index - 1] ?? 1.001)), timed: ms > 0 }).toEqual({
      method: 'exact',
      searched: 5,
      images: 6,
      two: ['copies/same-bytes.jpg', 'again.webp'],
      count: 4,
      first: '1.0000',
      falling: true,
      timed: true,
    })
  })

  it('finds pictures like a dropped one as it does like the same one of the folder, and pushes others away', async () => {
    const { uploadId } = await client['search.upload']({ name: 'dropped.jpg', bytes: await jpegPicture(300, 200) })
    const dropped: SearchExample = { kind: 'upload', uploadId, sign: 1 }
    const alone = await client['search.images'](request([dropped], { top: 2 }))
    expect({ names: named(alone.rows), scores: [...alone.scores].map((score) => score.toFixed(4)) }).toEqual({ names: ['a.jpg', 'copies/same-bytes.jpg'], scores: ['1.0000', '1.0000'] })
    const all = await client['search.images'](request([dropped]))
    const against = await client['search.images'](request([dropped, row('grey.jpg', -1)]))
    const score = ({ rows, scores }: typeof all, name: string): number => scores[rows.indexOf(rowOf.get(name)!)]!
    expect({ left: named(against.rows).includes('grey.jpg'), pushed: score(all, 'turned.jpg') - score(against, 'turned.jpg') > 0.01 }).toEqual({ left: false, pushed: true })
  })

  it.each([
    ['a row that the folder has not', (): SearchRequest => request([{ kind: 'row', row: 6, sign: 1 }]), 'BAD_REQUEST'],
    ['only negative examples', (): SearchRequest => request([row('a.jpg', -1)]), 'BAD_REQUEST'],
    ['an upload that is not there', (): SearchRequest => request([{ kind: 'upload', uploadId: 'gone', sign: 1 }]), 'NOT_FOUND'],
    ['a model that is not there', (): SearchRequest => request([row('a.jpg')], { modelId: 'none' }), 'NOT_FOUND'],
    ['a folder that is not open', (): SearchRequest => request([row('a.jpg')], { libraryId: 'none' }), 'NOT_FOUND'],
  ] as const)('refuses %s', async (_what, asked, code) => {
    expect(await thrownBy(() => client['search.images'](asked()))).toMatchObject({ code })
  })

  it('refuses a dropped file that is no picture', async () => {
    expect(await thrownBy(() => client['search.upload']({ name: 'notes.txt', bytes: Buffer.from('plain words') }))).toMatchObject({ code: expect.stringMatching(/^IMG_/) as string, message: expect.stringContaining('notes.txt: ') as string })
  })

  it('finds where clicked patches are seen, in every copy of a picture', async () => {
    const { analysisId, gridHeight, gridWidth } = await client['view.analyse']({ imageId: idOf.get('a.jpg')!, modelId, size: 'evaluation' }).result
    const patch = 3 * gridWidth + 2
    const { hits, searched, images } = await client['search.patches']({ libraryId, analysisId, patches: [patch], top: 4 })
    const [first, second] = hits
    expect({ searched, images, names: named(Uint32Array.from(hits.slice(0, 3), (hit) => hit.row)), grid: [first?.gridHeight, first?.gridWidth, first?.cosine.length], best: first?.cosine.indexOf(Math.max(...(first?.cosine ?? []))), same: first?.score === second?.score, high: (first?.score ?? 0) > 0.97, count: hits.length }).toEqual({
      searched: 5,
      images: 6,
      names: ['a.jpg', 'copies/same-bytes.jpg', 'again.webp'],
      grid: [gridHeight, gridWidth, gridHeight * gridWidth],
      best: patch,
      same: true,
      high: true,
      count: 4,
    })
    const { cosine } = await client['view.similarity']({ analysisId, patch })
    expect(Math.max(...cosine.map((exact, index) => Math.abs(exact - first!.cosine[index]!)))).toBeLessThan(0.06)
    expect(await thrownBy(() => client['search.patches']({ libraryId, analysisId, patches: [gridHeight * gridWidth], top: 4 }))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => client['search.patches']({ libraryId, analysisId: 'gone', patches: [0], top: 4 }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('compares every vector where there is no index', async () => {
    expect([(await client['search.images'](request([row('a.jpg')], { method: 'index' }))).method, await client['search.index']({ modelId, pooling: 'cls' })]).toEqual(['exact', undefined])
  })

  it('builds an index over all that is stored, measures it, finds by it what it finds exactly, and knows it after a restart', async () => {
    await engine.dispose()
    await fillStore()
    await start()
    await openPhotos()
    const progress: number[] = []
    const info = await client['search.buildIndex']({ libraryId, modelId, pooling: 'cls' }, ({ value }) => progress.push(value)).result
    expect({ ...info, builtAt: Date.parse(info.builtAt) > 0, exactMs: info.exactMs > 0, indexMs: info.indexMs > 0, end: progress.at(-1) }).toEqual({ modelId, pooling: 'cls', builtAt: true, vectors: elsewhere + 4, recall: 1, queries: 5, exactMs: true, indexMs: true, end: 1 })
    const [exact, byIndex, auto] = await Promise.all((['exact', 'index', 'auto'] as const).map((method) => client['search.images'](request([row('a.jpg')], { method, top: 4 }))))
    expect([exact!.method, byIndex!.method, auto!.method, named(byIndex!.rows), byIndex!.searched]).toEqual(['exact', 'index', 'exact', named(exact!.rows), 5])
    expect(Math.max(...exact!.scores.map((score, index) => Math.abs(score - byIndex!.scores[index]!)))).toBeLessThan(1e-5)
    await engine.dispose()
    await start()
    expect([await client['search.index']({ modelId, pooling: 'cls' }), await client['search.index']({ modelId, pooling: 'mean' })]).toEqual([info, undefined])
  })
})

/** Vectors of pictures that are in no open folder. */
async function fillStore(): Promise<void> {
  const { models } = await listModelFolders(join(folder, 'resources', 'models'))
  const { manifest } = models.find((model) => model.manifest.id === modelId)!
  const { dim } = manifest.config
  const random = randomStream(3)
  const vector = (): Float32Array => Float32Array.from({ length: dim }, () => random.normal())
  const store = await openStore(join(folder, 'workspace'), { mode: 'write' })
  await (await store.vectors(modelKeyOf(manifest))).append(Array.from({ length: elsewhere }, (_, picture) => ({ hash: (picture + 1).toString(16).padStart(64, '0'), cls: vector(), mean: vector() })))
  await store.close()
}
