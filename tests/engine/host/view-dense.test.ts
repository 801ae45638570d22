/** @file What the engine tells of one picture: parts, the object, artefacts, in tiles, and what that takes. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type AnalysisSize, type Client, type ClientMessage, type EngineContract, type HostMessage, type Progress } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { jpegPicture } from '../../helpers/pictures'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'

let folder: string
let engine: Engine
let client: Client<EngineContract>
let ids: ReadonlyMap<string, string>

const oneColour = (width: number, height: number): Promise<Buffer> => sharp({ create: { width, height, channels: 3, background: { r: 90, g: 120, b: 40 } } }).png().toBuffer()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'view-dense-'))
  await mkdir(join(folder, 'photos'))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await writeFile(join(folder, 'photos', 'a.jpg'), await jpegPicture(300, 200))
  await writeFile(join(folder, 'photos', 'colour.png'), await oneColour(80, 60))
  await writeFile(join(folder, 'photos', 'pixel.png'), await oneColour(1, 1))
  await writeFile(join(folder, 'photos', 'wide.jpg'), await jpegPicture(2800, 420))
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  const found = new Map<string, string>()
  await client['library.open']({ path: join(folder, 'photos') }, (event) => {
    if (event.kind === 'found') for (const image of event.images) found.set(image.relativePath, image.id)
  }).result
  ids = found
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const idOf = (name: string): string => ids.get(name) ?? ''
const analyse = (name: string, size: AnalysisSize, tiled = false) => client['view.analyse']({ imageId: idOf(name), modelId, size, tiled }).result
const quiet = (): void => undefined

describe('parts, objects and artefacts', () => {
  it('are told of a picture that was looked at', async () => {
    const { analysisId } = await analyse('a.jpg', 112)
    const [parts, artefacts] = [await client['view.parts']({ analysisId }), await client['view.artefacts']({ analysisId })]
    expect({ labels: parts.labels.length, most: Math.max(...parts.labels) + 1, merges: parts.merges.length, heights: parts.heights.length }).toEqual({ labels: 96, most: parts.groups, merges: 2 * (parts.groups - 1), heights: parts.groups - 1 })
    expect({ norms: artefacts.norms.length, all: artefacts.norms.every((norm) => norm > 0), outlier: artefacts.outlier.length }).toEqual({ norms: 96, all: true, outlier: 96 })
    for (const method of ['tokencut', 'lost'] as const) {
      const progress: Progress[] = []
      const found = await client['view.object']({ analysisId, method }, (event) => progress.push(event)).result
      expect({ method: found.method, mask: found.mask.length, field: [...found.field].every(Number.isFinite), told: progress.length > 0 }).toEqual({ method, mask: 96, field: true, told: true })
      const [left, top, width, height] = found.box
      const inside = [...found.mask.keys()].filter((patch) => found.mask[patch] === 1)
      expect(inside.every((patch) => patch % 12 >= left && patch % 12 < left + width && Math.floor(patch / 12) >= top && Math.floor(patch / 12) < top + height)).toBe(true)
      expect(await client['view.object']({ analysisId, method }, quiet).result).toEqual(found)
    }
  })

  it.each(['colour.png', 'pixel.png'])('say that nothing stands out in %s', async (name) => {
    const { analysisId, gridHeight, gridWidth } = await analyse(name, 'native')
    const patches = gridHeight * gridWidth
    for (const method of ['tokencut', 'lost'] as const)
      expect(await client['view.object']({ analysisId, method }, quiet).result).toEqual({
        method,
        mask: new Uint8Array(patches),
        field: new Float32Array(patches),
        box: [0, 0, 0, 0],
        seed: -1,
        note: 'Nothing stands out: the picture is of one colour',
      })
    const [parts, { outlier }] = [await client['view.parts']({ analysisId }), await client['view.artefacts']({ analysisId })]
    expect({ labels: parts.labels.length, finite: [...parts.heights].every(Number.isFinite), outlier }).toEqual({ labels: patches, finite: true, outlier: new Uint8Array(patches) })
  })

  it('are refused of a look that is not kept', async () => {
    const ask = [client['view.parts']({ analysisId: 'gone' }), client['view.artefacts']({ analysisId: 'gone' }), client['view.object']({ analysisId: 'gone', method: 'lost' }, quiet).result]
    expect((await Promise.allSettled(ask)).map((answer) => (answer.status === 'rejected' ? (answer.reason as { code: string }).code : 'OK'))).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  })
})

describe('a picture too large for one look', () => {
  it('is told before, looked at in tiles, and all that follows has the finer grid', async () => {
    await analyse('a.jpg', 112)
    const estimate = await client['view.estimate']({ imageId: idOf('wide.jpg'), modelId, size: 'native', tiled: true })
    const progress: Progress[] = []
    const analysis = await client['view.analyse']({ imageId: idOf('wide.jpg'), modelId, size: 'native', tiled: true }, (event) => progress.push(event)).result
    const { analysisId, gridHeight, gridWidth, inputHeight, inputWidth, tiles, note } = analysis
    const patches = gridHeight * gridWidth
    expect({ ...estimate, bytes: estimate.bytes < 200 * 2 ** 20, ms: (estimate.ms ?? 0) > 0 }).toEqual({ inputHeight, inputWidth, patches, tiles, bytes: true, ms: true })
    expect([gridHeight, gridWidth, tiles]).toEqual([30, 200, 6])
    expect(note).toMatch(/^Whole picture, 2800 × 420 .*\. Looked at in 6 tiles of 30 × 42 patches/)
    expect(progress.at(-1)).toMatchObject({ done: 7, total: 7 })
    const [parts, artefacts, similarity, lost] = [
      await client['view.parts']({ analysisId }),
      await client['view.artefacts']({ analysisId }),
      await client['view.similarity']({ analysisId, patch: patches - 1 }),
      await client['view.object']({ analysisId, method: 'lost' }, quiet).result,
    ]
    expect([parts.labels, artefacts.outlier, similarity.cosine, lost.mask].map(({ length }) => length)).toEqual([patches, patches, patches, patches])
    expect(lost.note).toMatch(/^LOST .* Looked for on a coarser grid of 18 × 123 instead of 30 × 200 patches$/)
  })

  it('is made smaller where tiles are not wanted, and looked at whole where it is small', async () => {
    const limited = await client['view.estimate']({ imageId: idOf('wide.jpg'), modelId, size: 'native', tiled: false })
    expect({ tiles: limited.tiles, patches: limited.patches <= 4096 }).toEqual({ tiles: 1, patches: true })
    const [plain, tiled] = [await analyse('a.jpg', 112), await analyse('a.jpg', 112, true)]
    expect({ ...tiled, analysisId: '', modelMs: 0 }).toEqual({ ...plain, analysisId: '', modelMs: 0 })
    const evaluation = await client['view.estimate']({ imageId: idOf('wide.jpg'), modelId, size: 'evaluation', tiled: true })
    expect([evaluation.inputHeight, evaluation.inputWidth, evaluation.patches, evaluation.tiles]).toEqual([224, 224, 256, 1])
  })
})
