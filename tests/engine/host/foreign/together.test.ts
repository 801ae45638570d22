/** @file Graphs of other makers beside models of our own in the real engine: compared, scored, segmented, given heads; and what they are refused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type ImageEntry } from '../../../../src/engine/contract'
import { copyModelFolder, encodeGrey16Png } from '../../../../src/engine/export'
import { createEngine, type Engine } from '../../../../src/engine/host'
import { tryGraph } from '../../../../src/engine/host/foreign/try-graph'
import { openHead } from '../../../../src/engine/inference'
import { memoryPair } from '../../../../src/engine/link'
import { encodeModel, type OnnxModel } from '../../../../src/engine/onnx'
import { createRuntime } from '../../../../src/engine/runtime'
import { randomStream } from '../../../../src/engine/tensor'
import { importOnnx, openModelFolder, verifyModelFolder, type HeadManifest, type OnnxModelFolder } from '../../../../src/engine/weights'
import { tokenModel, vectorModel } from '../../../helpers/foreign-models'
import { thrownBy } from '../../../helpers/thrown'
import { addUntrainedModel } from '../../../helpers/untrained-model'

const own = 'untrained-demo'
const [tokens, vector] = ['conv', 'pooled']
const classes = { blue: [20, 40, 210], red: [220, 30, 30] } as const
const edge = 96
const signal = new AbortController().signal
const silent = (): void => undefined

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let images: readonly ImageEntry[]
const foreign: Record<string, OnnxModelFolder> = {}

/** Its right half bright; noise of its own. */
async function picture(colour: readonly number[], seed: number): Promise<Buffer> {
  const random = randomStream(seed)
  const rgb = Buffer.from(Array.from({ length: edge * edge * 3 }, (_, index) => Math.max(0, Math.min(255, colour[index % 3]! + (Math.floor(index / 3) % edge >= edge / 2 ? 80 : 0) + 10 * random.normal()))))
  return sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer()
}

async function importGraph(name: string, model: OnnxModel): Promise<void> {
  const source = join(folder, `${name}.onnx`)
  await writeFile(source, encodeModel(model))
  const modelsFolder = join(folder, 'workspace', 'models')
  foreign[name] = await importOnnx({ source, modelsFolder, mapping: { size: 96 }, tryOnnx: (request, stop) => tryGraph({ ...request, memoryBytes: 2 ** 40 }, stop) }, { signal, emit: silent })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foreign-'))
  for (const [name, colour] of Object.entries(classes)) {
    await mkdir(join(folder, 'photos', name), { recursive: true })
    await mkdir(join(folder, 'depth', name), { recursive: true })
    for (let index = 0; index < 5; index++) {
      await writeFile(join(folder, 'photos', name, `${index}.png`), await picture(colour, index + colour[0]))
      const depth = Uint16Array.from({ length: edge * edge }, (_, pixel) => (pixel % edge >= edge / 2 ? 1500 : 8000))
      await writeFile(join(folder, 'depth', name, `${index}.png`), await encodeGrey16Png(depth, edge, edge))
    }
  }
  await mkdir(join(folder, 'resources', 'samples'), { recursive: true })
  await addUntrainedModel(join(folder, 'resources'))
  await importGraph(tokens, tokenModel({ patch: 16, dim: 16, leading: 1 }).model)
  await importGraph(vector, vectorModel({ patch: 16, dim: 12 }).model)
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  const found: ImageEntry[] = []
  libraryId = (await client['library.open']({ path: join(folder, 'photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images)
  }).result).libraryId
  images = found
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const unsupported = (words: string) => ({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(words) as string })

describe('a graph of another maker', () => {
  it('is computed as it is: no other precision, and no export', async () => {
    const refusal = unsupported('"conv" is an ONNX graph of another maker, which is run as it is: it cannot be computed in another precision')
    expect(await thrownBy(() => client['precision.state']({ modelId: tokens }))).toMatchObject(refusal)
    expect(await thrownBy(() => client['precision.measure']({ modelId: tokens, libraryId: undefined, precision: 'int8' }, silent).result)).toMatchObject(refusal)
    expect(await thrownBy(() => client['precision.set']({ modelId: tokens, precision: 'int8' }))).toMatchObject(refusal)
    expect(await client['precision.state']({ modelId: own })).toMatchObject({ precision: 'fp32' })
    for (const precision of [undefined, 'fp16'] as const)
      expect(await thrownBy(() => client['models.export']({ modelId: tokens, format: 'safetensors', bakedSize: undefined, precision }, silent).result)).toMatchObject(unsupported('cannot be exported'))
  })

  it('is copied file by file, and not at another precision', async () => {
    const model = foreign[tokens]!
    const never = () => Promise.reject(new Error('nothing is rounded'))
    const path = join(folder, 'copies', 'conv')
    const { files, parity } = await copyModelFolder(path, model, { precision: undefined, signal, check: never })
    expect([files, parity]).toEqual([['model.json', 'model.onnx'].map((name) => join(path, name)), []])
    const copy = await openModelFolder(path)
    await verifyModelFolder(copy, signal)
    expect(copy.manifest).toEqual(model.manifest)
    for (const precision of ['fp16', 'fp32'] as const)
      expect(await thrownBy(() => copyModelFolder(join(folder, 'copies', precision), model, { precision, signal, check: never }))).toMatchObject(unsupported('copied at another precision'))
  })

  it('is compared with a model of our own by its vectors, and by its colours where it has patches', async () => {
    for (const modelB of [tokens, vector]) {
      const { cka, overlap, identical, changed } = await client['compare.models']({ libraryId, rows: undefined, modelA: own, modelB, pooling: 'cls', k: 3 }, silent).result
      expect([identical, changed.length, cka! > 0 && cka! <= 1, overlap >= 0 && overlap <= 1]).toEqual([undefined, images.length, true, true])
    }
    const look = (modelId: string) => client['view.analyse']({ imageId: images[0]!.id, modelId, size: 'evaluation' }, silent).result
    const [left, right] = [await look(own), await look(tokens)]
    expect([left.attention === undefined, right.attention]).toEqual([false, undefined])
    const { agreement } = await client['compare.colours']({ left: left.analysisId, right: right.analysisId })
    expect(Number.isFinite(agreement)).toBe(true)
    expect(await thrownBy(() => look(vector))).toMatchObject(unsupported('one vector of each picture'))
  })

  it('is scored on class folders by its vectors', async () => {
    const { evaluations, failures } = await client['evaluate.run']({ folder: join(folder, 'photos'), testFolder: undefined, modelIds: [tokens, vector], pixels: false, protocols: ['knn', 'retrieval'], pooling: 'cls', perClass: undefined }, silent).result
    expect(failures).toEqual([])
    expect(evaluations.map(({ features, figures }) => [features.kind === 'model' ? features.modelId : '', figures[0]!.value])).toEqual([[tokens, 1], [tokens, 1], [vector, 1], [vector, 1]])
  })

  it('is searched for segments in its patches, and says where it has none', async () => {
    await client['embed.run']({ libraryId, rows: undefined, modelId: tokens, patches: true }, silent).result
    const { segments } = await client['segments.find']({ libraryId, rows: undefined, modelId: tokens, segments: 4, restarts: 1, seed: 1 }, silent).result
    // Ten pictures of 6 × 6 patches.
    expect(segments.reduce((sum, { patches }) => sum + patches, 0)).toBe(360)
    expect(await thrownBy(() => client['embed.run']({ libraryId, rows: undefined, modelId: vector, patches: true }, silent).result)).toMatchObject(unsupported('no tokens of its patches'))
  })

  it('has heads trained on its last tokens, which tell depth with it', async () => {
    const head = await client['heads.train']({ libraryId, rows: undefined, modelId: tokens, kind: 'depth', name: 'Halves', targets: join(folder, 'depth'), epochs: 60, validation: 0.25, seed: 1 }, silent).result
    const { analysisId } = await client['view.analyse']({ imageId: images[0]!.id, modelId: tokens, size: 96 }, silent).result
    const { metres: map, width } = await client['view.depth']({ analysisId, headId: head.headId }, silent).result
    const mean = (from: number): number => {
      const row = map.subarray(0, width).subarray(from, from + width / 4)
      return row.reduce((sum, value) => sum + value, 0) / row.length
    }
    expect(mean(0)).toBeGreaterThan(mean((3 * width) / 4) + 1)
    const { median } = await client['depth.run']({ libraryId, rows: undefined, modelId: tokens, headId: head.headId }, silent).result
    expect([median.length, median.every((metres) => metres >= 1.5 && metres <= 8)]).toEqual([images.length, true])
  })

  it('is refused heads that read what it does not give, in a sentence', async () => {
    const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
    const head = (over: Partial<HeadManifest>) => openHead(runtime, { schema: 1, name: 'Rooms', kind: 'depth', architecture: 'linear', dim: 16, layerCount: 1, minDepth: 0, maxDepth: 10, classes: [], importedFrom: undefined, note: '', training: undefined, weights: { sha256: '', bytes: 0 }, ...over }, new Map())
    const refusal = (over: Partial<HeadManifest>, model: string) => thrownBy(() => Promise.resolve().then(() => { head(over).requireFit(foreign[model]!.manifest.config) }))
    expect(await refusal({}, tokens)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('tokens before the final norm; this model is an ONNX graph of another maker, which gives its last tokens alone') as string })
    expect(await refusal({ architecture: 'dpt', layerCount: 4 }, tokens)).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await refusal({ architecture: 'regression', dim: 12 }, vector)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('gives one vector of each picture') as string })
    expect(() => { head({ architecture: 'regression' }).requireFit(foreign[tokens]!.manifest.config) }).not.toThrow()
    await runtime.dispose()
  })
})
