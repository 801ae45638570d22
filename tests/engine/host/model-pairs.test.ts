/** @file Two models over a folder, by the engine behind its contract: the same backbone in three formats, others like it, and bad input. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takeExport } from '../../../src/cli/take-export'
import { connect, engineContract, type Client, type ClientMessage, type EmbedEvent, type EngineContract, type HostMessage, type ImageEntry, type ModelComparison } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { randomStream, type Tensor } from '../../../src/engine/tensor'
import { writeSafetensors } from '../../../src/engine/weights'
import { thrownBy } from '../../helpers/thrown'
import { fixtures, tensorsOf } from '../weights/support/files'
import { huggingFace, renamed, type Tensors } from '../weights/support/layouts'

const root = join(import.meta.dirname, '..', '..', '..')
const golden = join(fixtures, 'goldens', 'vit', 'dinov2-p14', 'weights.pth')
const bundled = 'dinoscope-mini'
const huggingFaceConfig = { model_type: 'dinov2', hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, patch_size: 14, hidden_act: 'gelu', image_size: 518, use_swiglu_ffn: false, layer_norm_eps: 1e-6 }

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let images: readonly ImageEntry[]
let weights: Tensors
/** Ids by what they are. */
const models: Record<string, string> = {}
const signal = new AbortController().signal
const inFolder = (...path: string[]): string => join(folder, ...path)

/** Blotches around one colour. */
async function drawPicture(seed: number, [red, green, blue]: readonly [number, number, number]): Promise<Buffer> {
  const random = randomStream(seed)
  const blotches = Buffer.from(Array.from({ length: 36 }, () => [red, green, blue].map((value) => Math.max(0, Math.min(255, value + 60 * random.normal())))).flat())
  return sharp(blotches, { raw: { width: 6, height: 6, channels: 3 } }).resize(96, 80, { fit: 'fill', kernel: 'cubic' }).png().toBuffer()
}

/** The golden weights with noise in proportion. */
async function noisyModel(name: string, noise: number): Promise<string> {
  const random = randomStream(5)
  const path = inFolder(`${name}.safetensors`)
  await writeSafetensors(path, new Map(Array.from(weights, ([key, value]): [string, Tensor] => [key, { ...value, dtype: 'float32', data: Float32Array.from(value.data as Float32Array, (one) => one * (1 + noise * random.normal())) }])))
  return path
}

async function importAll(): Promise<void> {
  weights = renamed(await tensorsOf(golden), (key) => key.replace(/^blocks\.\d+\.(\d+)\./, 'blocks.$1.'))
  const take = async (name: string, path: string): Promise<void> => {
    models[name] = (await client['models.import']({ path, name }, () => undefined).result).id
  }
  await take('pth', golden)
  await mkdir(inFolder('hugging'))
  await writeFile(inFolder('hugging', 'config.json'), JSON.stringify(huggingFaceConfig))
  await writeSafetensors(inFolder('hugging', 'model.safetensors'), huggingFace(weights, 'dinov2'))
  await take('hugging', inFolder('hugging'))
  const exported = await client['models.export']({ modelId: models['pth']!, format: 'onnx', bakedSize: undefined, precision: undefined }, () => undefined).result
  const [onnx] = await takeExport(client, exported, folder, signal)
  await take('onnx', onnx!)
  await take('shaken', await noisyModel('shaken', 1e-7))
  await take('moved', await noisyModel('moved', 0.03))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-pairs-'))
  for (const [name, colour] of [['warm', [220, 120, 60]], ['cold', [50, 110, 210]]] as const) {
    await mkdir(inFolder('photos', name), { recursive: true })
    for (let index = 0; index < 7; index++) await writeFile(inFolder('photos', name, `${index}.png`), await drawPicture(index + (name === 'warm' ? 0 : 100), colour))
  }
  await writeFile(inFolder('photos', 'loose.png'), await drawPicture(300, [120, 120, 120]))
  await writeFile(inFolder('photos', 'warm', 'broken.png'), 'no picture')
  engine = await createEngine({ version: '1.2.3', workspace: inFolder('workspace'), resources: join(root, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  const found: ImageEntry[] = []
  libraryId = (await client['library.open']({ path: inFolder('photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images)
  }).result).libraryId
  images = found
  await importAll()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const compare = (modelA: string, modelB: string, { k = 4, rows = undefined as Uint32Array | undefined, onEvent = (_event: EmbedEvent): void => undefined } = {}): Promise<ModelComparison> =>
  client['compare.models']({ libraryId, rows, modelA, modelB, pooling: 'cls', k }, onEvent).result
const rowsBelow = (part: string): Uint32Array => Uint32Array.from(images.keys()).filter((row) => images[row]!.relativePath.startsWith(part))

describe('the same backbone', () => {
  it.each([['pth', 'hugging'], ['pth', 'onnx'], ['hugging', 'onnx']])('gives the same vectors as %s and as %s, and the comparison says so', async (a, b) => {
    const { identical, cka, overlap, overlaps, gaps, accuracy } = await compare(models[a]!, models[b]!)
    expect(identical?.maxAbsDiff).toBeLessThanOrEqual(1e-4)
    expect(identical?.sameWeights).toBe(true)
    expect(cka).toBeCloseTo(1, 5)
    expect([overlap, Math.min(...overlaps), Math.max(...gaps), accuracy?.a]).toEqual([1, 1, 0, accuracy?.b])
  })

  it('is told from one whose weights are nearly the same: by its vectors to 1e-4, by its weights to the bit', async () => {
    const { identical, maxAbsDiff } = await compare(models['pth']!, models['shaken']!)
    expect(identical).toMatchObject({ sameWeights: false })
    expect(maxAbsDiff).toBeGreaterThan(0)
    const moved = await compare(models['pth']!, models['moved']!)
    expect(moved.identical).toBeUndefined()
    expect(moved.maxAbsDiff).toBeGreaterThan(1e-3)
    expect(moved.cka).toBeLessThan(1)
    expect(moved.cka).toBeGreaterThan(moved.ckaByChance!)
  })
})

describe('two models', () => {
  it('are measured over all pictures with vectors of both, which are embedded first; a broken one is told once', async () => {
    const events: EmbedEvent[] = []
    const result = await compare(models['pth']!, bundled, { onEvent: (event) => events.push(event) })
    expect(result).toMatchObject({ modelA: models['pth'], modelB: bundled, k: 4, of: 15, maxAbsDiff: undefined, identical: undefined, accuracy: { k: 20, classes: 2, pictures: 14, largestClass: 0.5 } })
    expect([result.rows.length, result.skipped.map(({ relativePath }) => relativePath)]).toEqual([15, ['warm/broken.png']])
    expect([...new Set(events.flatMap((event) => (event.kind === 'progress' ? [event.title] : [])))]).toEqual(['Embedding with DinoScope mini', 'Comparing the two models'])
    const shares = events.flatMap((event) => (event.kind === 'progress' && event.title === 'Comparing the two models' ? [event.value] : []))
    expect([shares.at(-1), shares.every((share, place) => place === 0 || share >= shares[place - 1]!)]).toEqual([1, true])

    // Swapped, it is the same from the other side.
    const swapped = await compare(bundled, models['pth']!)
    expect([swapped.cka?.toFixed(9), swapped.overlap, swapped.overlaps, swapped.accuracy?.a, swapped.accuracy?.b]).toEqual([result.cka?.toFixed(9), result.overlap, result.overlaps, result.accuracy?.b, result.accuracy?.a])
  })

  it('have neighbours that are those of a search, and whose overlap is the one told; those that changed most come first', async () => {
    const { comparisonId, rows, changed, overlaps, k } = await compare(models['pth']!, bundled)
    const overlapOf = (row: number): number => overlaps[rows.indexOf(row)]!
    expect([...changed].sort((a, b) => a - b)).toEqual([...rows])
    expect([...changed].every((row, place) => place === 0 || overlapOf(row) >= overlapOf(changed[place - 1]!))).toBe(true)
    expect(overlapOf(changed[0]!)).toBeLessThan(overlapOf(changed.at(-1)!))
    for (const row of [changed[0]!, changed.at(-1)!]) {
      const { a, b } = await client['compare.neighbours']({ comparisonId, row })
      for (const [list, modelId] of [[a, models['pth']!], [b, bundled]] as const) {
        const found = await client['search.images']({ libraryId, modelId, pooling: 'cls', examples: [{ kind: 'row', row, sign: 1 }], top: k, method: 'exact' })
        expect([...list.rows]).toEqual([...found.rows])
        list.cosines.forEach((cosine, place) => { expect(cosine).toBeCloseTo(found.scores[place]!, 5) })
      }
      expect([...a.rows].filter((one) => b.rows.includes(one)).length / k).toBeCloseTo(overlapOf(row), 6)
    }
    expect(await thrownBy(() => client['compare.neighbours']({ comparisonId: 'none', row: 0 }))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await thrownBy(() => client['compare.neighbours']({ comparisonId, row: 999 }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('are compared by some pictures alone, by at most half of the others where they are few; fewer than three are too few', async () => {
    const few = rowsBelow('cold').slice(0, 3)
    const result = await compare(models['pth']!, models['moved']!, { k: 10, rows: few })
    expect([result.rows, result.k, result.overlapByChance, result.accuracy]).toEqual([few, 1, 0.5, undefined])
    expect(await thrownBy(() => compare(models['pth']!, models['moved']!, { rows: few.slice(0, 2) }))).toMatchObject({ code: 'NOT_FOUND', message: 'only 2 of the pictures have vectors of both models; at least three are needed to compare them' })
    expect(await thrownBy(() => compare(models['pth']!, 'gone'))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('stop when they are cancelled', async () => {
    const job = client['compare.models']({ libraryId, rows: undefined, modelA: models['pth']!, modelB: bundled, pooling: 'cls', k: 4 }, () => undefined)
    await job.cancel()
    expect(await thrownBy(() => job.result)).toMatchObject({ code: 'CANCELLED' })
  })

  it('colour a picture alike where they are the same model, in whatever grids', async () => {
    const look = (modelId: string, size: number) => client['view.analyse']({ imageId: images[rowsBelow('warm/1')[0]!]!.id, modelId, size }, () => undefined).result
    const [pth, onnx] = [await look(models['pth']!, 112), await look(models['onnx']!, 112)]
    const same = await client['compare.colours']({ left: pth.analysisId, right: onnx.analysisId })
    expect([same.left.length, same.right, same.agreement > 0.999]).toEqual([3 * pth.gridHeight * pth.gridWidth, same.left, true])
    // No more than two models are kept ready.
    const [again, other] = [await look(models['pth']!, 112), await look(bundled, 168)]
    const apart = await client['compare.colours']({ left: again.analysisId, right: other.analysisId })
    expect([apart.right.length, apart.agreement < same.agreement]).toEqual([3 * other.gridHeight * other.gridWidth, true])
    expect(await thrownBy(() => client['compare.colours']({ left: 'gone', right: pth.analysisId }))).toMatchObject({ code: 'NOT_FOUND' })
  })
})
