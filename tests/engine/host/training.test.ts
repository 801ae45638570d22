/** @file Training through the engine as a page does it: begin, stop, resume, look with the teacher, delete. The trainer is real, in this process. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type RunInfo, type TrainPlan } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { createExitNews } from '../../../src/engine/host/trainer/exit-news'
import type { StartTrainer } from '../../../src/engine/host/trainer/process'
import { serveTrainer } from '../../../src/engine/host/trainer/serve-trainer'
import { memoryPair } from '../../../src/engine/link'
import { trainRun } from '../../../src/engine/train'
import { jpegPicture } from '../../helpers/pictures'

const resources = join(import.meta.dirname, '..', '..', '..', 'resources')

let folder: string
let engine: Engine
let client: Client<EngineContract>
const told: RunInfo[] = []

const startTrainer: StartTrainer = () => {
  const [port, trainer] = memoryPair<ClientMessage, HostMessage>()
  const exit = createExitNews()
  const served = serveTrainer({ run: trainRun, card: () => Promise.reject(new Error('not here')), tryGraph: () => Promise.reject(new Error('not here')) })
  served.attach(trainer)
  trainer.onClose(() => {
    void served.end('the engine is gone').then(() => {
      exit.tell('it ended')
    })
  })
  return { port, onExit: exit.listen, kill: () => undefined }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training-'))
  await mkdir(join(folder, 'photos'))
  for (let picture = 0; picture < 6; picture++) await writeFile(join(folder, 'photos', `${picture}.jpg`), await jpegPicture(60 + 10 * picture, 80))
  engine = await createEngine({ version: '1', workspace: join(folder, 'workspace'), resources, provider: 'cpu', threads: 1 }, startTrainer)
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  client['runs.changed']((info) => told.push(info))
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const recipe = (steps: number): string => `preset: tiny-smoke\nrun:\n  steps: ${steps}\n  workers: 0\nwatch:\n  probe_every: 2 steps\n`

async function plan(steps: number, changes: Partial<TrainPlan> = {}): Promise<TrainPlan> {
  const { libraryId } = await client['library.open']({ path: join(folder, 'photos') }).result
  return { name: 'Smoke', images: { libraryId, imageIds: undefined }, recipe: recipe(steps), init: 'scratch', ...changes }
}

const infoOf = async (runId: string): Promise<RunInfo | undefined> => (await client['runs.list'](undefined)).find(({ id }) => id === runId)
const reaches = (runId: string, step: number): Promise<void> => expect.poll(async () => (await infoOf(runId))?.step, { timeout: 30_000, interval: 20 }).toBeGreaterThanOrEqual(step)
const becomes = (runId: string, state: RunInfo['state']): Promise<void> => expect.poll(async () => (await infoOf(runId))?.state, { timeout: 30_000, interval: 20 }).toBe(state)
const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  )

async function reportOf(runId: string): Promise<string> {
  const { exportId, name } = await client['runs.report']({ runId })
  const { bytes } = await client['embed.file']({ exportId, name, offset: 0 })
  return Buffer.from(bytes).toString().slice(0, 15).toLowerCase()
}

describe('training', () => {
  it('is begun, stopped, resumed and finished, and its teacher is a model to look with', async () => {
    const run = await client['train.start'](await plan(5000))
    await reaches(run.id, 3)
    const besides = await refusal(client['train.start'](await plan(5)))
    const deleting = await refusal(client['runs.delete']({ runId: run.id }))
    const stopped = await client['runs.stop']({ runId: run.id })
    const listed = await infoOf(run.id)
    const metrics = await client['runs.metrics']({ runId: run.id, afterStep: -1 })
    expect({ besides, deleting, state: stopped.state, same: listed?.step === stopped.step, newest: stopped.checkpoints.at(-1)?.step, steps: metrics.steps.length > 0 && Object.hasOwn(metrics.columns, 'loss') }).toEqual({
      besides: 'BUSY',
      deleting: 'BUSY',
      state: 'stopped',
      same: true,
      newest: stopped.step,
      steps: true,
    })

    const resumed = await client['runs.resume']({ runId: run.id })
    await reaches(run.id, stopped.step + 2)
    const paused = await client['runs.pause']({ runId: run.id, paused: true })
    await expect.poll(() => told.at(-1)?.state, { interval: 10 }).toBe('paused')
    await client['runs.pause']({ runId: run.id, paused: false })
    await client['runs.finishBy']({ runId: run.id, at: new Date().toISOString() })
    await becomes(run.id, 'stopped')
    expect([resumed.state, paused.state, (await infoOf(run.id))?.reason?.startsWith('it was to finish by')]).toEqual(['starting', 'paused', true])

    const frames = await client['runs.probes']({ runId: run.id })
    const picture = frames[0]?.pictures[0]
    const shown = await Promise.all([picture?.photoId, picture?.attentionId, picture?.pcaId].map((imageId) => client['image.render']({ imageId: imageId ?? '', maxEdge: 256 })))
    expect({ frames: frames.length > 1, types: shown.map(({ contentType }) => contentType), sizes: shown.every(({ width, height }) => width > 0 && height > 0) }).toEqual({ frames: true, types: ['image/jpeg', 'image/jpeg', 'image/jpeg'], sizes: true })

    const [teacher, again] = await Promise.all([client['runs.teacher']({ runId: run.id, checkpoint: 'newest' }), client['runs.teacher']({ runId: run.id, checkpoint: 'newest' })])
    let imageId = ''
    await client['library.open']({ path: join(folder, 'photos') }, (event) => {
      if (event.kind === 'found') imageId = event.images[0]?.id ?? imageId
    }).result
    const analysis = await client['view.analyse']({ imageId, modelId: teacher.id, size: 64 }).result
    expect({ same: teacher.id === again.id, trained: teacher.trained, listed: (await client['models.list'](undefined)).some(({ id }) => id === teacher.id), grid: analysis.gridHeight > 0 }).toEqual({ same: true, trained: true, listed: true, grid: true })
  })

  it('begins anew with the weights of a run, under a name of its own, and deletes the old one', async () => {
    const [first] = await client['runs.list'](undefined)
    const second = await client['train.start'](await plan(4, { name: 'Fork', init: `run:${first?.id ?? ''}` }))
    await becomes(second.id, 'finished')
    const { init, hasReport, step, stepsTotal } = (await infoOf(second.id)) ?? second
    const renamed = await client['runs.rename']({ runId: second.id, name: 'Another name' })
    await client['runs.delete']({ runId: first?.id ?? '' })
    const { yaml } = await client['runs.recipe']({ runId: second.id })
    expect({
      init: init?.startsWith('Smoke, step'),
      steps: [step, stepsTotal],
      renamed: renamed.name,
      left: (await client['runs.list'](undefined)).map(({ name }) => name),
      folders: (await readdir(join(folder, 'workspace', 'runs'))).length,
      yaml: yaml.includes('steps: 4'),
      report: [hasReport, await reportOf(second.id)],
    }).toEqual({ init: true, steps: [4, 4], renamed: 'Another name', left: ['Another name'], folders: 1, yaml: true, report: [true, '<!doctype html>'] })
  })

  it('is refused in words where it cannot be', async () => {
    const { images } = await plan(4)
    const start = async (changes: Partial<TrainPlan>): Promise<string> => refusal(client['train.start'](await plan(4, changes)))
    const codes = [
      await start({ recipe: 'preset: tiny-smok\n' }),
      await start({ init: 'dinoscope-mini' }),
      await start({ init: 'nothing' }),
      await start({ images: { libraryId: images.libraryId, imageIds: ['gone'] } }),
      await start({ images: { libraryId: images.libraryId, imageIds: [] } }),
      await refusal(client['runs.resume']({ runId: 'nothing' })),
      await refusal(client['runs.teacher']({ runId: '../models', checkpoint: 'newest' })),
    ]
    expect({ codes, check: await client['train.check']({ recipe: 'preset: tiny-smok\n' }), presets: (await client['train.presets'](undefined)).map(({ name }) => name).includes('tiny-smoke') }).toEqual({
      codes: ['RECIPE', 'TRAIN_INIT', 'NOT_FOUND', 'NOT_FOUND', 'TRAIN_IMAGES', 'NOT_FOUND', 'NOT_FOUND'],
      check: { ok: false, problems: [expect.objectContaining({ path: 'preset', line: 1 })] },
      presets: true,
    })
  })

  it('told every change of state while it happened', () => {
    const states = told.map(({ state }) => state)
    expect(['starting', 'running', 'stopping', 'stopped', 'paused', 'finished'].filter((state) => !states.includes(state as RunInfo['state']))).toEqual([])
  })
})
