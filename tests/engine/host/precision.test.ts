/** @file What models are computed in, through the whole engine: measured first, chosen then, kept apart from other numbers, and still so after a restart. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type PrecisionCard, type Progress } from '../../../src/engine/contract'
import { createEngine, createKeptPrecisions, modelKeyOf, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { temporaryFolder } from '../../helpers/folders'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'
import { thrownBy } from '../../helpers/thrown'

const samples = join(import.meta.dirname, '..', '..', '..', 'resources', 'samples')
const modelId = 'small'

describe('the precision of a model', () => {
  let folder: string
  let engine: Engine
  let client: Client<EngineContract>
  const start = async (): Promise<void> => {
    engine = await createEngine({ version: '1', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
    const [page, host] = memoryPair<ClientMessage, HostMessage>()
    engine.host.attach(host)
    client = connect(engineContract, page).client
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'precision-'))
    await mkdir(join(folder, 'resources', 'models'), { recursive: true })
    await cp(samples, join(folder, 'resources', 'samples'), { recursive: true })
    await writeSmallModel(join(folder, 'workspace', 'models', modelId), smallConfigs.dinov2)
    await start()
  })
  afterEach(async () => {
    await engine.dispose()
    await rm(folder, { recursive: true })
  })
  const measure = (libraryId?: string, onEvent: (event: Progress) => void = () => undefined) => client['precision.measure']({ modelId, libraryId, precision: 'int8' }, onEvent).result

  it('is fp32 until another was measured, and then what is chosen, also by the next engine', async () => {
    expect(await client['precision.state']({ modelId })).toEqual({ modelId, precision: 'fp32', offered: ['fp32', 'int8'], cards: [] })
    expect(await thrownBy(() => client['precision.set']({ modelId, precision: 'int8' }))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('measure it first') as string })

    const told: Progress[] = []
    const card = await measure(undefined, (event) => told.push(event))
    const photos = (await readdir(samples)).filter((name) => name.endsWith('.jpg')).length
    expect(card).toMatchObject({ precision: 'int8', provider: 'cpu', pictures: photos, folder: undefined, neighbours: Math.min(10, (photos - 1) >> 1) })
    expect([card.cls.worst > 0.99, card.cls.mean < 1, card.patches.mean > 0.99, card.verdict === 'far', card.exactMs > 0, card.ownMs > 0, told.at(-1)?.value]).toEqual([true, true, true, false, true, true, 1])

    // Measured, not yet chosen.
    expect(await client['precision.state']({ modelId })).toMatchObject({ precision: 'fp32', cards: [card] })
    expect(await client['precision.set']({ modelId, precision: 'int8' })).toMatchObject({ precision: 'int8' })
    await engine.dispose()
    await start()
    expect(await client['precision.state']({ modelId })).toEqual({ modelId, precision: 'int8', offered: ['fp32', 'int8'], cards: [card] })
    expect(await client['precision.set']({ modelId, precision: 'fp32' })).toMatchObject({ precision: 'fp32', cards: [card] })
  })

  it('keeps its vectors apart from those of another, which are there again when it is chosen again', async () => {
    const { libraryId } = await client['library.open']({ path: join(folder, 'resources', 'samples') }, () => undefined).result
    const embed = () => client['embed.run']({ libraryId, rows: undefined, modelId, patches: false }, () => undefined).result
    const exported = async (): Promise<string> => {
      const { exportId } = await client['embed.export']({ libraryId, rows: undefined, modelId, pooling: 'cls', format: 'npy', raw: false }, () => undefined).result
      const read = async (name: string): Promise<Uint8Array> => (await client['embed.file']({ exportId, name, offset: 0 })).bytes
      return `${Buffer.from(await read('embeddings.npy')).toString('base64')} ${Buffer.from(await read('embeddings.npy.json')).toString()}`
    }
    const { embedded } = await embed()
    const exact = await exported()
    await measure(libraryId)
    await client['precision.set']({ modelId, precision: 'int8' })
    // None of the exact ones counts.
    expect(await client['embed.status']({ libraryId })).toEqual([])
    expect([(await embed()).embedded, (await embed()).embedded]).toEqual([embedded, 0])
    const own = await exported()
    expect(own.split(' ')[0]).not.toBe(exact.split(' ')[0])
    expect([exact.includes('linear layers in int8'), own.includes('linear layers in int8')]).toEqual([false, true])
    await client['precision.set']({ modelId, precision: 'fp32' })
    expect([await client['embed.status']({ libraryId }), (await embed()).embedded, await exported()]).toEqual([[expect.objectContaining({ modelId, images: embedded })], 0, exact])
  })

  it('is measured on an opened folder, ends with a cancel, and is refused where there is nothing to measure', async () => {
    const { libraryId } = await client['library.open']({ path: join(folder, 'resources', 'samples') }, () => undefined).result
    expect(await measure(libraryId)).toMatchObject({ folder: 'samples' })
    const job = client['precision.measure']({ modelId, libraryId, precision: 'int8' }, () => undefined)
    const ended = thrownBy(() => job.result)
    await job.cancel()
    expect(await ended).toMatchObject({ code: 'CANCELLED' })
    expect(await thrownBy(() => client['precision.measure']({ modelId, libraryId, precision: 'fp32' }, () => undefined).result)).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => client['precision.measure']({ modelId, libraryId, precision: 'fp16' }, () => undefined).result)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('the CPU gains nothing from fp16') as string })
    expect(await thrownBy(() => client['precision.state']({ modelId: 'nobody' }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('does not come along when the model is taken away', async () => {
    await measure()
    await client['precision.set']({ modelId, precision: 'int8' })
    const { exportId, files } = await client['models.export']({ modelId, format: 'onnx', bakedSize: [28, 28], precision: undefined }, () => undefined).result
    const onnx = await client['embed.file']({ exportId, name: files.find(({ name }) => name.endsWith('.onnx'))!.name, offset: 0 })
    expect(Buffer.from(onnx.bytes).toString('latin1')).not.toMatch(/int8|"precision"/)
  })
})

const card: PrecisionCard = {
  precision: 'int8',
  provider: 'cpu',
  pictures: 64,
  folder: 'photos',
  cls: { mean: 0.9998, worst: 0.999 },
  patches: { mean: 0.9999, worst: 0.9995 },
  overlap: 0.99,
  neighbours: 10,
  exactMs: 20,
  ownMs: 10,
  speed: { median: 2, low: 1.8, high: 2.1 },
  verdict: 'use',
  measuredAt: '2026-01-02T03:04:05.000Z',
}
const far: PrecisionCard = { ...card, patches: { mean: 0.9949, worst: 0.9 }, verdict: 'far' }

describe('what is kept of precisions', () => {
  it('lets nothing be chosen that is too far, and lets go of what turns out to be', async () => {
    const kept = createKeptPrecisions(join(await temporaryFolder(), 'precision.json'), () => undefined)
    await kept.keepCard('a', far)
    await expect(kept.choose('a', 'int8', 'cpu')).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('the mean cosine is 0.9949, at least 0.995 is needed') as string })
    await kept.keepCard('a', card)
    await expect(kept.choose('a', 'int8', 'webgpu')).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('has not been measured for this model with webgpu') as string })
    await kept.choose('a', 'int8', 'cpu')
    expect([await kept.of('a'), await kept.of('b')]).toEqual([{ precision: 'int8', cards: [card] }, { precision: 'fp32', cards: [] }])
    await kept.keepCard('a', far)
    expect(await kept.of('a')).toEqual({ precision: 'fp32', cards: [far] })
  })

  it('is on the disk, and counts no longer once the numbers come about in another way', async () => {
    const path = join(await temporaryFolder(), 'precision.json')
    const first = createKeptPrecisions(path, () => undefined)
    await first.keepCard('a', card)
    await first.choose('a', 'int8', 'cpu')
    expect(await createKeptPrecisions(path, () => undefined).of('a')).toEqual({ precision: 'int8', cards: [card] })
    await writeFile(path, (await readFile(path, 'utf8')).replace('7-bit weights', '9-bit weights'))
    expect(await createKeptPrecisions(path, () => undefined).of('a')).toEqual({ precision: 'fp32', cards: [] })
  })

  it('is moved aside when it is damaged, and everything is fp32', async () => {
    const folder = await temporaryFolder({ 'precision.json': '{"schema":1,"models":{"a":{"precision":"int4"' })
    const told: string[] = []
    const kept = createKeptPrecisions(join(folder, 'precision.json'), (line) => told.push(line))
    expect([await kept.of('a'), told.length, (await readdir(folder)).map((name) => name.replace(/\d+$/, 'N'))]).toEqual([{ precision: 'fp32', cards: [] }, 1, ['precision.json.corrupt-N']])
  })
})

it('the key of vectors in fp32 is what it always was, and another in every other precision', async () => {
  const { manifest } = await writeSmallModel(await temporaryFolder(), smallConfigs.dinov2)
  const [plain, exact, int8, fp16] = [undefined, 'fp32', 'int8', 'fp16'].map((precision) => modelKeyOf({ ...manifest, precision: precision as 'fp32' }))
  expect(plain).toEqual({ sha256: manifest.weights.sha256, dim: 32, preprocessing: 'short edge to 256 (bicubic), centre crop of 224; mean 0.485 0.456 0.406, standard deviation 0.229 0.224 0.225' })
  expect(exact).toEqual(plain)
  expect(new Set([plain, int8, fp16].map((key) => key!.preprocessing)).size).toBe(3)
})
