/** @file Segments carried through frames by the real engine: followed, a broken frame left out, written, stopped. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type PropagateEvent, type PropagateRequest } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const frames = 6
const [width, height] = [384, 256]
/** Left edge of the warm block in a frame, in pixels. */
const blockAt = (frame: number): number => 130 + 8 * frame

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let segmentationId: string

async function frame(index: number): Promise<Buffer> {
  const rgb = Buffer.alloc(3 * width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rgb.set(x >= blockAt(index) && x < blockAt(index) + 84 && y >= 72 && y < 156 ? [220, 90, 40] : [30, 70, 140], 3 * (y * width + x))
  return sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'propagate-'))
  await mkdir(join(folder, 'photos'))
  for (let index = 0; index < frames; index++) await writeFile(join(folder, 'photos', `${index}.png`), await frame(index))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  libraryId = (await client['library.open']({ path: join(folder, 'photos') }, () => undefined).result).libraryId
  await client['embed.run']({ libraryId, rows: undefined, modelId, patches: true }, () => undefined).result
  segmentationId = (await client['segments.find']({ libraryId, rows: undefined, modelId, segments: 2, restarts: 2, seed: 1 }, () => undefined).result).info.segmentationId
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const request = (): PropagateRequest => ({ libraryId, rows: undefined, modelId, size: 224, first: { kind: 'segments', segmentationId, segments: [0, 1] } })

describe('segments as a first frame', () => {
  it('lie where they were found, are background where the model did not look, and are followed', async () => {
    const events: Extract<PropagateEvent, { kind: 'frame' }>[] = []
    const result = await client['propagate.run'](request(), (event) => { if (event.kind === 'frame') events.push(event) }).result
    expect(result.classes.map(({ label }) => label)).toEqual([0, 1, 2])
    expect(events.map(({ index }) => index)).toEqual(Array.from({ length: frames }, (_, index) => index))
    for (const { index, gridHeight, gridWidth, labels } of events) {
      const at = (x: number, y: number): number => labels[Math.floor((y * gridHeight) / height) * gridWidth + Math.floor((x * gridWidth) / width)]!
      const [block, ground] = [at(blockAt(index) + 42, 114), at(110, 220)]
      expect([block, ground].sort(), `frame ${index}`).toEqual([1, 2])
      // The crop is the middle of a wide picture.
      if (index === 0) expect([at(4, 114), at(width - 4, 114)]).toEqual([0, 0])
      expect(block).toBe(events[0]!.labels[Math.floor((114 * gridHeight) / height) * gridWidth + Math.floor(((blockAt(0) + 42) * gridWidth) / width)])
    }
    const { files } = await client['propagate.export']({ propagationId: result.propagationId, what: 'masks' }, () => undefined).result
    expect(files.length).toBeGreaterThan(0)
  })

  it('are shown before the run as it begins with them, all or those that are chosen', async () => {
    const first = await client['propagate.segments']({ libraryId, row: 0, segmentationId, modelId, size: 224 })
    const all = await client['segments.load']({ libraryId, segmentationId })
    const stored = new Map(all.segments.map(({ id, name, colour }) => [id, { id, name, colour }]))
    expect(first.segments.map(({ patches: _patches, ...rest }) => rest)).toEqual(first.segments.map(({ id }) => stored.get(id)))
    expect(first.segments.map(({ id, patches }) => [id, patches])).toEqual(first.segments.map(({ id }) => [id, first.labels.filter((label) => label === id).length]))
    // The block is a sixth of the frame in each direction, so it comes second.
    const [ground, block] = first.segments.map(({ id }) => id)
    for (const segments of [[ground!, block!], [block!]]) {
      const events: PropagateEvent[] = []
      await client['propagate.run']({ ...request(), rows: Uint32Array.of(0, 1), first: { kind: 'segments', segmentationId, segments } }, (event) => { events.push(event) }).result
      const classes = events.findIndex(({ kind }) => kind === 'classes')
      const frameAt = events.findIndex(({ kind }) => kind === 'frame')
      expect(classes).toBeLessThan(frameAt)
      const [told, begun] = [events[classes], events[frameAt]]
      if (told?.kind !== 'classes' || begun?.kind !== 'frame') throw new Error('nothing was told')
      expect(told.classes.map(({ name }) => name).sort()).toEqual(['Background', ...segments.map((id) => stored.get(id)!.name)].sort())
      const labelOf = new Map(told.classes.map(({ label, name }) => [name, label]))
      expect([begun.gridHeight, begun.gridWidth]).toEqual([first.gridHeight, first.gridWidth])
      expect([...begun.labels]).toEqual(Array.from(first.labels, (id) => (segments.includes(id) ? labelOf.get(stored.get(id)!.name) : 0)))
    }
    const unknown = client['propagate.run']({ ...request(), first: { kind: 'segments', segmentationId, segments: [99] } }, () => undefined).result
    expect(await thrownBy(() => unknown)).toMatchObject({ code: 'NOT_FOUND', message: 'there is no segment 99' })
  })

  it('are asked for by a segmentation that is there', async () => {
    const asked = client['propagate.run']({ ...request(), first: { kind: 'segments', segmentationId: 'nowhere', segments: [0] } }, () => undefined).result
    expect(await thrownBy(() => asked)).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('stop when they are stopped', async () => {
    const job = client['propagate.run'](request(), (event) => { if (event.kind === 'frame') void job.cancel() })
    expect(await thrownBy(() => job.result)).toMatchObject({ code: 'CANCELLED' })
  })
})
