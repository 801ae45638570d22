/** @file Class folders scored by the real engine: every protocol, what is left out, what fails alone, kept, exported, there after a restart. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type EvaluateEvent, type EvaluateRequest, type EvaluationInfo, type HostMessage } from '../../../../src/engine/contract'
import { createEngine, type Engine } from '../../../../src/engine/host'
import { memoryPair } from '../../../../src/engine/link'
import { randomStream } from '../../../../src/engine/tensor'
import { thrownBy } from '../../../helpers/thrown'
import { addUntrainedModel } from '../../../helpers/untrained-model'

const modelId = 'untrained-demo'
const classes = { blue: [20, 40, 210], green: [40, 190, 40], red: [220, 30, 30] } as const

let folder: string
let engine: Engine
let client: Client<EngineContract>

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
}

/** A 32 px picture of one colour with noise of its own. */
async function picture(colour: readonly number[], seed: number): Promise<Buffer> {
  const random = randomStream(seed)
  const rgb = Buffer.from(Array.from({ length: 32 * 32 * 3 }, (_, index) => Math.max(0, Math.min(255, colour[index % 3]! + 20 * random.normal()))))
  return sharp(rgb, { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'))
  let seed = 0
  for (const [side, count] of [['train', 6], ['test', 2]] as const)
    for (const [name, colour] of Object.entries(classes)) {
      await mkdir(join(folder, side, name), { recursive: true })
      for (let index = 0; index < count; index++) await writeFile(join(folder, side, name, `${index}.png`), await picture(colour, ++seed))
    }
  await writeFile(join(folder, 'train', 'red', 'broken.png'), 'not a picture')
  await writeFile(join(folder, 'train', 'loose.png'), await picture([1, 2, 3], 99))
  await cp(join(folder, 'train', 'red', '0.png'), join(folder, 'train', 'red', 'again.png'))
  await cp(join(folder, 'train', 'red', '1.png'), join(folder, 'test', 'red', 'seen.png'))
  await mkdir(join(folder, 'flat'))
  await cp(join(folder, 'train', 'red', '0.png'), join(folder, 'flat', '0.png'))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await start()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const request = (over: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
  folder: join(folder, 'train'), testFolder: join(folder, 'test'), modelIds: [modelId], pixels: true, protocols: ['knn', 'linear', 'retrieval'], pooling: 'cls', perClass: undefined, ...over,
})
async function run(over: Partial<EvaluateRequest> = {}) {
  const events: EvaluateEvent[] = []
  const result = await client['evaluate.run'](request(over), (event) => { events.push(event) }).result
  return { ...result, events }
}
const short = ({ features, method, split, counts, figures }: EvaluationInfo) => [features.kind, method.kind, split, counts.references, counts.queries, figures[0]!.name]

describe('an evaluation', () => {
  it('on two folders scores the model and raw pixels by every protocol, and says what it left out', async () => {
    const { evaluations, skipped, failures, events } = await run({ modelIds: [modelId, 'nowhere'] })
    expect(evaluations.map(short)).toEqual([
      ['model', 'knn', 'folders', 18, 7, 'Top-1'],
      ['model', 'linear', 'folders', 17, 7, 'Top-1'],
      ['model', 'retrieval', 'folders', 18, 7, 'mAP'],
      ['pixels', 'knn', 'folders', 18, 7, 'Top-1'],
      ['pixels', 'linear', 'folders', 17, 7, 'Top-1'],
      ['pixels', 'retrieval', 'folders', 18, 7, 'mAP'],
    ])
    const [knn, linear] = evaluations.slice(3)
    // Half of a class of six.
    expect([knn!.method, knn!.figures.map(({ name }) => name)]).toEqual([{ kind: 'knn', k: 1 }, ['Top-1', 'Top-1, k = 10']])
    expect(knn!.figures[0]!.value).toBe(1)
    expect(linear!.figures[0]).toMatchObject({ value: 1, error: expect.closeTo(Math.sqrt(((9 / 11) * (2 / 11)) / 11), 6) as number })
    expect(evaluations[5]!.figures.map(({ name }) => name)).toEqual(['mAP', 'mAP by trapezoids', 'mAP@R', 'Recall@1', 'Recall@5', 'Recall@10'])
    for (const { counts, data } of evaluations) {
      expect(counts).toMatchObject({ overlap: 1, duplicates: 1, unclassed: 1, skipped: 1, unanswerable: 0 })
      expect(data).toMatchObject({ folder: expect.stringMatching(/train$/) as string, hash: evaluations[0]!.data.hash, classes: [{ name: 'blue', pictures: 6, testPictures: 2 }, { name: 'green', pictures: 6, testPictures: 2 }, { name: 'red', pictures: 6, testPictures: 3 }] })
    }
    expect(skipped).toMatchObject([{ relativePath: 'red/broken.png' }])
    expect(failures).toEqual([{ name: 'nowhere', protocol: undefined, reason: 'there is no model "nowhere"' }])
    expect(events.filter(({ kind }) => kind === 'scored')).toHaveLength(6)
    expect(new Set(events.flatMap((event) => (event.kind === 'progress' ? [event.title] : [])))).toContain('Untrained demo: Fitting a linear classifier')
    expect((await client['evaluate.list'](undefined)).evaluations).toHaveLength(6)
  })

  it('of the same pictures takes the place of the one before; elsewhere they are the same data', async () => {
    const before = (await client['evaluate.list'](undefined)).evaluations
    await cp(join(folder, 'train'), join(folder, 'moved'), { recursive: true })
    const { evaluations } = await run({ folder: join(folder, 'moved'), protocols: ['knn'] })
    const after = (await client['evaluate.list'](undefined)).evaluations
    expect(after.map(({ evaluationId }) => evaluationId).sort()).toEqual(before.map(({ evaluationId }) => evaluationId).sort())
    for (const { evaluationId, data, figures } of evaluations) {
      const old = before.find((one) => one.evaluationId === evaluationId)!
      expect([data.hash, figures]).toEqual([old.data.hash, old.figures])
      expect(data.folder).toMatch(/moved$/)
    }
    const fewer = await run({ protocols: ['knn'], modelIds: [], perClass: 3 })
    expect(fewer.evaluations.map(({ counts, data }) => [counts.references, data.hash === before[0]!.data.hash])).toEqual([[9, false]])
  })

  it('on one folder compares each picture with all others, and tests the linear probe on a fifth', async () => {
    const { evaluations } = await run({ testFolder: undefined, modelIds: [modelId], pixels: false, pooling: 'cls+mean' })
    expect(evaluations.map(short)).toEqual([
      ['model', 'knn', 'leave-one-out', 18, 18, 'Top-1'],
      ['model', 'linear', 'held-out-fifth', 15, 3, 'Top-1'],
      ['model', 'retrieval', 'leave-one-out', 18, 18, 'mAP'],
    ])
    expect(evaluations.map(({ counts }) => counts.overlap)).toEqual([0, 0, 0])
    // With most of all pictures voting, the class that a picture is left out of would lose.
    expect(evaluations[0]!.figures[0]!.value).toBe(1)
    expect(evaluations.every(({ features }) => features.kind === 'model' && features.pooling === 'cls+mean')).toBe(true)
  })

  it('tells which protocol the classes do not allow, and goes on with the others', async () => {
    await mkdir(join(folder, 'single'))
    await cp(join(folder, 'train', 'green'), join(folder, 'single', 'green'), { recursive: true })
    const { evaluations, failures } = await run({ folder: join(folder, 'single'), testFolder: undefined, modelIds: [] })
    expect(evaluations.map(({ method }) => method.kind)).toEqual(['knn', 'retrieval'])
    expect(failures).toEqual([{ name: 'Raw pixels', protocol: 'linear', reason: expect.stringContaining('of one class, green') as string }])
  })

  it('needs class folders, and something to score', async () => {
    expect(await thrownBy(() => run({ testFolder: join(folder, 'flat') }))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('no picture lies in a class folder') as string })
    expect(await thrownBy(() => run({ folder: join(folder, 'gone') }))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(await thrownBy(() => run({ modelIds: [], pixels: false }))).toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('that is cancelled keeps what was scored', async () => {
    for (const { evaluationId } of (await client['evaluate.list'](undefined)).evaluations) await client['evaluate.remove']({ evaluationIds: [evaluationId] })
    const job = client['evaluate.run'](request(), (event) => { if (event.kind === 'scored') void job.cancel() })
    expect(await thrownBy(() => job.result)).toMatchObject({ code: 'CANCELLED' })
    const kept = (await client['evaluate.list'](undefined)).evaluations
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThan(6)
  })

  it('is there after a restart, and is exported as tables and whole', async () => {
    await run({ protocols: ['knn', 'retrieval'], modelIds: [] })
    const { evaluations } = await client['evaluate.list'](undefined)
    await engine.dispose()
    await start()
    expect(await client['evaluate.list'](undefined)).toEqual({ evaluations, unreadable: [] })
    expect(await readdir(join(folder, 'workspace', 'evaluations'))).toHaveLength(evaluations.length)
    const evaluationIds = evaluations.filter(({ features }) => features.kind === 'pixels').map(({ evaluationId }) => evaluationId)
    const read = async ({ exportId, files }: { readonly exportId: string; readonly files: readonly { readonly name: string }[] }) =>
      Object.fromEntries(await Promise.all(files.map(async ({ name }) => [name, Buffer.from((await client['embed.file']({ exportId, name, offset: 0 })).bytes).toString('utf8')] as const)))
    const tables = await read(await client['evaluate.export']({ evaluationIds, format: 'csv' }))
    expect(Object.keys(tables)).toEqual(['evaluations-by-class.csv', 'evaluations.csv'])
    const [head, ...lines] = tables['evaluations.csv']!.trim().split('\n')
    expect(head).toBe('features,sha256,pooling,protocol,setting,split,folder,test_folder,data_sha256,created_at,dinoscope_version,references,queries,figure,value,standard_error')
    expect(lines.filter((line) => /^"Raw pixels, 32 × 32",,,knn,k = 1,folders,.*,18,7,Top-1,1,0\.1/.test(line))).toHaveLength(1)
    expect(tables['evaluations-by-class.csv']!.trim().split('\n')).toHaveLength(1 + evaluationIds.length * 3)
    const whole = JSON.parse((await read(await client['evaluate.export']({ evaluationIds, format: 'json' })))['evaluations.json']!) as readonly object[]
    expect(whole).toMatchObject(evaluationIds.map(() => ({ version: 1, features: { kind: 'pixels' } })))
    expect(await thrownBy(() => client['evaluate.export']({ evaluationIds: ['nothing'], format: 'csv' }))).toMatchObject({ code: 'NOT_FOUND' })
  })
})
