/** @file The real engine behind its contract: folders, pictures, models, views and embeddings, as a page uses them. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EmbedEvent, type EngineContract, type HostMessage, type ImageEntry, type LibraryEvent } from '../../../src/engine/contract'
import { decodeNpy } from '../../../src/engine/export'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { jpegPicture } from '../../helpers/pictures'
import { addUntrainedModel } from '../../helpers/untrained-model'

const model = 'untrained-demo'

let folder: string
let engine: Engine
let client: Client<EngineContract>

function open(target: Engine): Client<EngineContract> {
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  target.host.attach(host)
  return connect(engineContract, page).client
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-'))
  await mkdir(join(folder, 'photos', 'deep'), { recursive: true })
  await writeFile(join(folder, 'photos', 'a.jpg'), await jpegPicture(300, 200))
  await writeFile(join(folder, 'photos', 'deep', '=b.jpg'), await jpegPicture(200, 300))
  await writeFile(join(folder, 'photos', 'broken.jpg'), (await jpegPicture(300, 200)).subarray(0, 700))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  client = open(engine)
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

async function openPhotos(): Promise<{ readonly libraryId: string; readonly images: ReadonlyMap<string, ImageEntry>; readonly events: LibraryEvent[] }> {
  const events: LibraryEvent[] = []
  const { libraryId } = await client['library.open']({ path: join(folder, 'photos') }, (event) => events.push(event)).result
  const found = events.flatMap((event) => (event.kind === 'found' ? event.images : []))
  return { libraryId, images: new Map(found.map((image) => [image.relativePath, image])), events }
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  )

describe('the engine', () => {
  it('tells what it runs on', async () => {
    expect(await client['engine.status'](undefined)).toMatchObject({ version: '1.2.3', provider: 'cpu', threads: 1, workspace: join(folder, 'workspace'), heicSupported: false, providers: expect.arrayContaining([expect.objectContaining({ name: 'cpu', ok: true })]) })
  })

  it('opens a folder, names the broken picture and renders the others by id', async () => {
    const { images, events } = await openPhotos()
    const broken = events.flatMap((event) => (event.kind === 'broken' ? [[event.id, event.problem.code]] : []))
    const { contentType, width, height } = await client['image.render']({ imageId: images.get('a.jpg')?.id ?? '', maxEdge: 100 })
    expect({ names: [...images.keys()].sort(), broken, picture: [contentType, width, height] }).toEqual({
      names: ['a.jpg', 'broken.jpg', 'deep/=b.jpg'],
      broken: [[images.get('broken.jpg')?.id, 'IMG_TRUNCATED']],
      picture: ['image/jpeg', 100, 67],
    })
    expect(await Promise.all(['image.render', 'image.render'].map((name, index) => code(client[name as 'image.render']({ imageId: index === 0 ? 'unknown' : (images.get('broken.jpg')?.id ?? ''), maxEdge: 10 }))))).toEqual(['NOT_FOUND', 'IMG_TRUNCATED'])
  })

  it('lists models with what people need to know of them', async () => {
    expect(await client['models.list'](undefined)).toEqual([expect.objectContaining({ id: model, name: 'Untrained demo', origin: 'bundled', trained: false, patchSize: 14, importedFrom: undefined })])
  })

  it('looks at a picture, then answers clicks on heads, blocks and patches', async () => {
    const { images } = await openPhotos()
    const imageId = images.get('a.jpg')?.id ?? ''
    const throughput: string[] = []
    client['engine.throughput'](({ modelId }) => throughput.push(modelId))
    const analysis = await client['view.analyse']({ imageId, modelId: model, size: 112 }).result
    const patches = analysis.gridHeight * analysis.gridWidth
    const { analysisId, attention, pca, extent } = analysis
    expect({ ...analysis, analysisId: 'id', attention: attention?.weights.length, pca: pca.rgb.length, modelMs: analysis.modelMs > 0, note: 'note' }).toEqual({
      analysisId: 'id',
      imageId,
      modelId: model,
      inputHeight: 112,
      inputWidth: 168,
      gridHeight: 8,
      gridWidth: 12,
      tiles: 1,
      layers: 4,
      heads: 3,
      extent: { left: 0, top: 0, width: 1, height: 1 },
      attention: 3 * patches,
      pca: 3 * patches,
      modelMs: true,
      note: 'note',
    })
    expect(extent.width).toBe(1)
    const again = await client['view.attention']({ analysisId, layer: 3, query: 'cls' })
    const ofPatch = await client['view.attention']({ analysisId, layer: 3, query: 5 })
    const { cosine } = await client['view.similarity']({ analysisId, patch: 5 })
    expect({ same: again.weights, differs: ofPatch.weights.some((weight, index) => weight !== attention?.weights[index]), self: cosine[5]?.toFixed(5), patches: cosine.length, throughput }).toEqual({
      same: attention?.weights,
      differs: true,
      self: '1.00000',
      patches,
      throughput: [model],
    })
    expect(await Promise.all([code(client['view.attention']({ analysisId, layer: 4, query: 'cls' })), code(client['view.similarity']({ analysisId, patch: patches })), code(client['view.similarity']({ analysisId: 'gone', patch: 0 }))])).toEqual(['BAD_REQUEST', 'BAD_REQUEST', 'NOT_FOUND'])
  })

  it.each([
    ['evaluation', 224, 224],
    ['native', 196, 294],
  ] as const)('gives the model the %s size', async (size, inputHeight, inputWidth) => {
    const { images } = await openPhotos()
    expect(await client['view.analyse']({ imageId: images.get('a.jpg')?.id ?? '', modelId: model, size }).result).toMatchObject({ inputHeight, inputWidth })
  })

  it('names why a picture cannot be looked at', async () => {
    const { images } = await openPhotos()
    const analyse = (imageId: string, modelId: string): Promise<string> => code(client['view.analyse']({ imageId, modelId, size: 112 }).result)
    expect(await Promise.all([analyse(images.get('broken.jpg')?.id ?? '', model), analyse('unknown', model), analyse(images.get('a.jpg')?.id ?? '', 'none'), analyse(images.get('a.jpg')?.id ?? '', '../etc')])).toEqual(['IMG_TRUNCATED', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  })

  it('imports a model, uses it beside the bundled one, and removes it', async () => {
    const { images } = await openPhotos()
    const info = await client['models.import']({ path: join(folder, 'resources', 'models', 'untrained-demo'), name: 'My copy' }).result
    const request = { imageId: images.get('a.jpg')?.id ?? '', size: 112 } as const
    const analysis = await client['view.analyse']({ ...request, modelId: info.id }).result
    await client['models.remove']({ modelId: info.id })
    expect({ info: [info.id, info.name, info.origin], left: (await client['models.list'](undefined)).map(({ id }) => id) }).toEqual({ info: ['my-copy', 'My copy', 'imported'], left: [model] })
    expect(await Promise.all([code(client['view.attention']({ analysisId: analysis.analysisId, layer: 0, query: 'cls' })), code(client['view.analyse']({ ...request, modelId: info.id }).result), code(client['models.remove']({ modelId: model }))])).toEqual(['NOT_FOUND', 'NOT_FOUND', 'FORBIDDEN'])
  })

  it('gives an import an id that no bundled model has', async () => {
    const info = await client['models.import']({ path: join(folder, 'resources', 'models', 'untrained-demo'), name: undefined }).result
    await client['models.remove']({ modelId: info.id })
    expect({ id: info.id, left: (await client['models.list'](undefined)).map(({ id }) => id) }).toEqual({ id: 'untrained-demo-2', left: [model] })
  })

  it('tells an imported model from one that a later version of the app bundles under its id', async () => {
    await cp(join(folder, 'resources', 'models', model), join(folder, 'workspace', 'models', model), { recursive: true })
    const listed = (await client['models.list'](undefined)).map(({ id, origin }) => [id, origin])
    await client['models.remove']({ modelId: `imported:${model}` })
    expect({ listed, left: (await client['models.list'](undefined)).length }).toEqual({
      listed: [
        [model, 'bundled'],
        ['imported:untrained-demo', 'imported'],
      ],
      left: 1,
    })
  })

  it('embeds a folder once, leaving out what is broken, and exports it as often as one likes', async () => {
    const { libraryId } = await openPhotos()
    const events: EmbedEvent[] = []
    const request = { libraryId, rows: undefined, modelId: model, patches: false }
    const { imagesPerSecond: _rate, skipped, ...first } = await client['embed.run'](request, (event) => events.push(event)).result
    const { embedded, already } = await client['embed.run'](request).result
    expect({ ...first, skipped: skipped.map(({ relativePath, code: problem }) => [relativePath, problem]), again: [embedded, already] }).toEqual({
      embedded: 2,
      already: 0,
      patchCost: undefined,
      skipped: [['broken.jpg', 'IMG_TRUNCATED']],
      again: [0, 2],
    })
    expect(events.filter((event) => event.kind === 'progress').at(-1)).toMatchObject({ value: 1 })
    expect(await client['embed.status']({ libraryId })).toEqual([{ modelId: model, images: 2, withPatches: 0 }])

    for (const format of ['csv', 'npy'] as const) {
      const result = await client['embed.export']({ libraryId, rows: undefined, modelId: model, pooling: 'cls', format, raw: false }).result
      const file = await client['embed.file']({ exportId: result.exportId, name: `embeddings.${format}`, offset: 0 })
      const lines = Buffer.from(file.bytes).toString().trim().split('\n')
      const shape = format === 'csv' ? lines.map((line) => line.split(',')[0]) : decodeNpy(file.bytes).shape
      expect({ images: result.images, dim: result.dim, skipped: result.skipped.map(({ relativePath }) => relativePath), files: result.files.map(({ name }) => name), shape }).toEqual({
        images: 2,
        dim: 192,
        skipped: ['broken.jpg'],
        files: format === 'csv' ? ['embeddings.csv'] : ['embeddings.npy', 'embeddings.npy.json'],
        shape: format === 'csv' ? ['filename', 'a.jpg', 'deep/=b.jpg'] : [2, 192],
      })
    }
  })

  it('exports nothing where nothing has been embedded, and leaves no export', async () => {
    await mkdir(join(folder, 'ruined'))
    await writeFile(join(folder, 'ruined', 'broken.jpg'), 'not a picture')
    const { libraryId } = await client['library.open']({ path: join(folder, 'ruined') }).result
    const [exportsBefore] = await readdir(join(folder, 'workspace', 'exports'))
    const own = join(folder, 'workspace', 'exports', exportsBefore ?? '')
    const kept = exportsBefore === undefined ? [] : await readdir(own)
    await expect(client['embed.export']({ libraryId, rows: undefined, modelId: model, pooling: 'cls', format: 'csv', raw: false }).result).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await readdir(own)).toEqual(kept)
  })

  it('cancels embedding within a second', async () => {
    const { libraryId } = await openPhotos()
    const handle = client['embed.run']({ libraryId, rows: undefined, modelId: model, patches: true })
    const result = code(handle.result)
    const startedMs = performance.now()
    await handle.cancel()
    expect([await result, performance.now() - startedMs < 1000]).toEqual(['CANCELLED', true])
  })

  it('forgets a folder that is closed', async () => {
    const { libraryId, images } = await openPhotos()
    await client['library.close']({ libraryId })
    expect(await Promise.all([code(client['image.render']({ imageId: images.get('a.jpg')?.id ?? '', maxEdge: 10 })), code(client['library.close']({ libraryId }))])).toEqual(['NOT_FOUND', 'NOT_FOUND'])
  })

  it('keeps eight folders, so that a page that is loaded again and again does not fill the memory', async () => {
    const first = await openPhotos()
    for (let visit = 0; visit < 8; visit++) await openPhotos()
    expect(await code(client['library.close']({ libraryId: first.libraryId }))).toBe('NOT_FOUND')
  })

  it('opens nothing outside its root but the samples', async () => {
    const limited = await createEngine({ version: '1', workspace: join(folder, 'limited'), resources: join(folder, 'resources'), root: join(folder, 'photos'), provider: 'cpu', threads: 1 })
    const page = open(limited)
    const samples = await page['library.samples'](undefined)
    const codes = await Promise.all([
      code(page['library.open']({ path: join(folder, 'photos', 'deep') }).result),
      code(page['library.open']({ path: samples.path }).result),
      code(page['library.open']({ path: folder }).result),
      code(page['library.browse']({ path: folder })),
      code(page['models.import']({ path: join(folder, 'resources', 'models', 'untrained-demo'), name: undefined }).result),
    ])
    const listing = await page['library.browse']({ path: undefined })
    await limited.dispose()
    expect({ codes, listing: [listing.path, listing.parent, listing.directories] }).toEqual({ codes: ['OK', 'OK', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'], listing: [join(folder, 'photos'), undefined, ['deep']] })
  })
})
