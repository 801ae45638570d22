/** @file Two pictures side by side, and labels at the edges of one, by the engine behind its contract. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type ImageEntry } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { drawQuarters } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const otherModel = 'other-demo'

let folder: string
let engine: Engine
let client: Client<EngineContract>
let images: readonly ImageEntry[]

/** The bundled model once more under another name. */
async function addOtherModel(models: string): Promise<void> {
  await cp(join(models, modelId), join(models, otherModel), { recursive: true })
  const file = join(models, otherModel, 'model.json')
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), id: otherModel, name: 'Other demo' }))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'match-'))
  await mkdir(join(folder, 'photos'))
  await writeFile(join(folder, 'photos', 'a.png'), await drawQuarters(240, 160).png().toBuffer())
  await writeFile(join(folder, 'photos', 'b.png'), await drawQuarters(160, 200).png().toBuffer())
  await addUntrainedModel(join(folder, 'resources'))
  await addOtherModel(join(folder, 'resources', 'models'))
  await mkdir(join(folder, 'resources', 'samples'))
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  const found: ImageEntry[] = []
  await client['library.open']({ path: join(folder, 'photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images)
  }).result
  images = found
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const look = (index: number, model = modelId) => client['view.analyse']({ imageId: images[index]!.id, modelId: model, size: 160 }).result

describe('match', () => {
  it('finds in a picture of another shape what a patch is most like, and pairs that are each other’s nearest', async () => {
    const [left, right] = [await look(0), await look(1)]
    const pair = { left: left.analysisId, right: right.analysisId }
    const patches = right.gridHeight * right.gridWidth
    const { cosine, best } = await client['match.patch']({ ...pair, patch: 3 })
    expect({ cosines: cosine.length, largest: cosine[best[0]!], inOrder: best.every((patch, index) => index === 0 || cosine[patch]! <= cosine[best[index - 1]!]!) }).toEqual({ cosines: patches, largest: Math.max(...cosine), inOrder: true })

    const mutual = await client['match.mutual']({ ...pair, top: 1000 })
    const first = await client['match.patch']({ ...pair, patch: mutual.left[0]! })
    expect(first.best[0]).toBe(mutual.right[0])
    expect(mutual.cosine[0]).toBeCloseTo(first.cosine[first.best[0]!]!, 5)
    expect((await client['match.mutual']({ ...pair, top: 2 })).left).toEqual(mutual.left.slice(0, 2))
  })

  it('pairs a picture with itself patch by patch, and finds all parts common', async () => {
    const { analysisId, gridHeight, gridWidth } = await look(0)
    const pair = { left: analysisId, right: analysisId }
    const { left, right, cosine } = await client['match.mutual']({ ...pair, top: 10_000 })
    expect([left.length, right]).toEqual([gridHeight * gridWidth, left])
    expect(Math.min(...cosine)).toBeGreaterThan(0.999)
    const parts = await client['match.common']({ ...pair, parts: 3 })
    expect(parts.left).toEqual(parts.right)
    expect(parts.similarity.length).toBeGreaterThan(0)
    expect(parts.similarity.every((similarity, index) => new Set(parts.left).has(index) && similarity > 0)).toBe(true)
  })

  it('refuses two models, naming both, and patches that do not exist', async () => {
    const [left, right] = [await look(0), await look(1, otherModel)]
    const pair = { left: left.analysisId, right: right.analysisId }
    for (const work of [() => client['match.patch']({ ...pair, patch: 0 }), () => client['match.mutual']({ ...pair, top: 5 }), () => client['match.common']({ ...pair, parts: 2 })])
      expect(await thrownBy(work)).toMatchObject({ code: 'BAD_REQUEST', message: 'the left picture was looked at with "Untrained demo", the right one with "Other demo"; look at both with the same model' })
    const patches = left.gridHeight * left.gridWidth
    expect(await thrownBy(() => client['match.patch']({ left: left.analysisId, right: left.analysisId, patch: patches }))).toMatchObject({ code: 'BAD_REQUEST', message: `patch ${patches} is outside 0 to ${patches - 1}` })
    expect(await thrownBy(() => client['match.patch']({ left: 'gone', right: left.analysisId, patch: 0 }))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('view.refine', () => {
  it.each(['guided', 'bilateral'] as const)('brings labels of patches to the edges of the picture, at most as large as asked for, %s', async (method) => {
    const { analysisId, gridHeight, gridWidth, inputHeight, inputWidth } = await look(0)
    // The patch that the picture's own edge runs through, in the middle of an odd number of them, goes to the left as a whole.
    const labels = Uint8Array.from({ length: gridHeight * gridWidth }, (_, cell) => (cell % gridWidth <= gridWidth / 2 ? 0 : 1))
    const whole = await client['view.refine']({ analysisId, labels, method, maxEdge: 10_000 })
    expect([whole.height, whole.width, whole.labels.length]).toEqual([inputHeight, inputWidth, inputHeight * inputWidth])
    const line = whole.labels.subarray(40 * inputWidth, 41 * inputWidth)
    const asPatches = ((Math.floor(gridWidth / 2) + 1) * inputWidth) / gridWidth
    expect(Math.abs(line.indexOf(1) - inputWidth / 2)).toBeLessThan(Math.abs(asPatches - inputWidth / 2))
    const small = await client['view.refine']({ analysisId, labels, method, maxEdge: 60 })
    expect([small.width, small.height, small.labels.length]).toEqual([60, Math.round((60 * inputHeight) / inputWidth), small.width * small.height])
  })

  it('names labels that are not one for each patch', async () => {
    const { analysisId, gridHeight, gridWidth } = await look(0)
    expect(await thrownBy(() => client['view.refine']({ analysisId, labels: new Uint8Array(3), method: 'guided', maxEdge: 100 }))).toMatchObject({ code: 'BAD_REQUEST', message: `3 labels do not fit ${gridHeight} × ${gridWidth} patches` })
  })
})
