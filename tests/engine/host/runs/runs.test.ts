/** @file The runs of a workspace: one is trained at a time, each can be steered, and closing waits for all. */
import { describe, expect, it } from 'vitest'
import { EngineError, type FeasibilityCard, type RunInfo } from '../../../../src/engine/contract'
import { createRuns, type Runs } from '../../../../src/engine/host/runs/runs'
import { fakeStore, fakeTrainers, runInfo, stepEvent, type FakeTrainers } from './fakes'

interface Fixture {
  readonly runs: Runs
  readonly store: ReturnType<typeof fakeStore>
  readonly trainers: FakeTrainers
  readonly told: RunInfo[]
  readonly active: string[]
}

function fixture(trainers: FakeTrainers = fakeTrainers(), ...infos: RunInfo[]): Fixture {
  const store = fakeStore(runInfo(), runInfo({ id: 'night-2', name: 'Night 2', state: 'stopped' }), runInfo({ id: 'done', name: 'Done', state: 'finished' }), ...infos)
  const told: RunInfo[] = []
  const active: string[] = []
  const runs = createRuns({ store, machine: { provider: 'cpu', threads: 1 }, startTrainer: trainers.start, onChange: (info) => told.push(info), onActive: (ids) => active.push(ids.join()) })
  return { runs, store, trainers, told, active }
}

const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (error: unknown) => (error instanceof EngineError ? `${error.code}: ${error.message}` : String(error)),
  )

const begun = async ({ trainers }: Fixture, count = 1): Promise<void> => {
  await expect.poll(() => trainers.trainings.length, { interval: 1 }).toBe(count)
}

describe('the runs', () => {
  it('trains a new run, and refuses a second one by the name of the first', async () => {
    const all = fixture()
    const first = await all.runs.start(() => all.store.find('night-1'))
    await begun(all)
    const refused = await Promise.all([outcome(all.runs.start(() => all.store.find('night-2'))), outcome(all.runs.resume('night-2')), outcome(all.runs.resume('night-1')), outcome(all.runs.remove('night-1'))])
    expect({ first: [first.id, first.state], refused, trainings: all.trainers.trainings.length }).toEqual({
      first: ['night-1', 'starting'],
      refused: [
        'BUSY: "Night 1" is being trained; one run is trained at a time. Stop it first, it can be resumed later.',
        'BUSY: "Night 1" is being trained; one run is trained at a time. Stop it first, it can be resumed later.',
        'BUSY: "Night 1" is being trained',
        'BUSY: "Night 1" is being trained; stop it before you delete it',
      ],
      trainings: 1,
    })
  })

  it('keeps the one place while a run is still being made, and gives it back when that fails', async () => {
    const all = fixture()
    const failing = outcome(
      all.runs.start(async () => {
        await Promise.resolve()
        throw new EngineError('DISK', 'full')
      }),
    )
    const second = await outcome(all.runs.start(() => all.store.find('night-1')))
    expect([await failing, second, await outcome(all.runs.start(() => all.store.find('night-1')))]).toEqual(['DISK: full', 'BUSY: a new run is just being started; one run is trained at a time', 'OK'])
  })

  it('lists the live run as it is and the others as the disk tells, and names who is active', async () => {
    const all = fixture()
    await all.runs.start(() => all.store.find('night-1'))
    await begun(all)
    all.trainers.trainings[0]?.emit({ kind: 'phase', phase: 'training', note: '' })
    all.trainers.trainings[0]?.emit(stepEvent(4))
    await expect.poll(async () => (await all.runs.list()).map(({ id, state, step }) => `${id} ${state} ${step}`), { interval: 1 }).toEqual(['night-1 running 4', 'night-2 stopped 0', 'done finished 0'])
    const stopped = await all.runs.stop('night-1')
    await expect.poll(() => all.active, { interval: 1 }).toEqual(['night-1', ''])
    expect([stopped.state, (await all.runs.stop('night-2')).state, all.told.at(-1)?.state, await outcome(all.runs.stop('nothing'))]).toEqual(['stopped', 'stopped', 'stopped', 'NOT_FOUND: no run nothing'])
  })

  it('resumes what was stopped, and not what is finished or what another process trains', async () => {
    const all = fixture()
    all.store.change('night-1', { trainedElsewhere: true, info: runInfo({ state: 'running' }) })
    expect(await Promise.all([outcome(all.runs.resume('done'))])).toEqual(['BAD_REQUEST: "Done" is finished; a new run can begin with its weights'])
    expect(await outcome(all.runs.resume('night-1'))).toBe('BUSY: "Night 1" is being trained by another process')
    const resumed = await all.runs.resume('night-2')
    await begun(all)
    expect([resumed.state, all.trainers.trainings[0]?.folder]).toEqual(['starting', '/runs/night-2'])
  })

  it('waits for a trainer that is still saving before it resumes', async () => {
    const all = fixture()
    all.store.change('night-1', { trainedElsewhere: true, info: runInfo({ state: 'stopping' }) })
    const resumed = all.runs.resume('night-1')
    all.store.change('night-1', { trainedElsewhere: false, info: runInfo({ state: 'stopped' }) })
    expect((await resumed).state).toBe('starting')
  })

  it('pauses, goes on, ends by a time and takes a new name, only where it is trained', async () => {
    const all = fixture()
    await all.runs.start(() => all.store.find('night-1'))
    await begun(all)
    const [training] = all.trainers.trainings
    training?.emit({ kind: 'phase', phase: 'training', note: '' })
    await expect.poll(async () => (await all.runs.info('night-1')).state, { interval: 1 }).toBe('running')
    const paused = await all.runs.pause('night-1', true)
    const pausedInTrainer = training?.control.paused()
    const onAgain = await all.runs.pause('night-1', false)
    const timed = await all.runs.finishBy('night-1', '2026-11-25T07:00:00.000Z')
    const renamed = await all.runs.rename('night-1', 'A better name')
    training?.emit(stepEvent(9))
    await expect.poll(async () => (await all.runs.info('night-1')).step, { interval: 1 }).toBe(9)
    expect({
      states: [paused.state, pausedInTrainer, onAgain.state, training?.control.paused()],
      finishBy: [timed.finishBy, training?.control.finishBy()?.getUTCHours()],
      names: [renamed.name, (await all.runs.info('night-1')).name, (await all.runs.rename('night-2', 'Other')).name],
      refused: await outcome(all.runs.pause('night-2', true)),
    }).toEqual({
      states: ['paused', true, 'running', false],
      finishBy: ['2026-11-25T07:00:00.000Z', 7],
      names: ['A better name', 'A better name', 'Other'],
      refused: 'BAD_REQUEST: "Other" is not being trained here; it is stopped',
    })
  })

  it('tells changes at most ten times a second, the last one among them', async () => {
    const all = fixture()
    await all.runs.start(() => all.store.find('night-1'))
    await begun(all)
    const startedMs = performance.now()
    for (let step = 1; step <= 40; step++) {
      all.trainers.trainings[0]?.emit(stepEvent(step))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await expect.poll(() => all.told.at(-1)?.step, { interval: 5 }).toBe(40)
    expect(all.told.length).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - startedMs) / 100))
  })

  it('asks for checkpoints when it is disposed of, and starts nothing any more', async () => {
    const all = fixture()
    await all.runs.start(() => all.store.find('night-1'))
    await begun(all)
    await all.runs.dispose('DinoScope was closed')
    expect({ notes: all.store.notes, log: all.trainers.log, active: all.active.at(-1), refused: await outcome(all.runs.resume('night-1')) }).toEqual({
      notes: ['night-1 stopped: DinoScope was closed'],
      log: ['start 1', 'end 1: it ended'],
      active: '',
      refused: 'BUSY: DinoScope is being closed; nothing is started any more',
    })
  })
})

describe('a trial', () => {
  const request = { recipe: 'preset: tiny-smoke', images: [{ path: Buffer.from('/p/a.jpg'), relativePath: 'a.jpg', sizeBytes: 1 }], root: '/p', initFolder: undefined, workspace: '/w' }
  const context = { signal: new AbortController().signal, emit: () => undefined }
  const card = { images: 1 } as FeasibilityCard

  it('runs in a process of its own, which ends with it', async () => {
    const all = fixture(fakeTrainers({ card: ({ images, threads }) => Promise.resolve({ ...card, advice: [`${images[0]?.path.constructor.name} ${threads}`] }) }))
    expect([await all.runs.card(request, context), all.trainers.log]).toEqual([{ images: 1, advice: ['Buffer 1'] }, ['start 1', 'end 1: it ended']])
  })

  it('passes on why it failed, and lets the next one begin', async () => {
    const all = fixture(fakeTrainers({ card: () => Promise.reject(new EngineError('TRAIN_IMAGES', 'one picture')) }))
    expect([await outcome(all.runs.card(request, context)), await outcome(all.runs.card(request, context))]).toEqual(['TRAIN_IMAGES: one picture', 'TRAIN_IMAGES: one picture'])
  })

  it('is cancelled by who asked for it, and ended when training begins', async () => {
    const card = (_request: unknown, { signal }: { readonly signal: AbortSignal }): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
      })
    const all = fixture(fakeTrainers({ card }))
    const controller = new AbortController()
    const cancelled = outcome(all.runs.card(request, { ...context, signal: controller.signal }))
    const second = await outcome(all.runs.card(request, context))
    controller.abort(new EngineError('CANCELLED', 'cancelled'))
    const first = await cancelled
    const ended = outcome(all.runs.card(request, context))
    await all.runs.start(() => all.store.find('night-1'))
    await begun(all)
    expect({ first, second, ended: await ended, besides: await outcome(all.runs.card(request, context)), log: all.trainers.log }).toEqual({
      first: 'CANCELLED: cancelled',
      second: 'BUSY: another trial is running; it ends within a minute or two',
      ended: 'CANCELLED: the trial was ended, as training begins',
      besides: 'BUSY: "Night 1" is being trained; one run is trained at a time. Stop it first, it can be resumed later.',
      log: ['start 1', 'end 1: it ended', 'start 2', 'end 2: it ended', 'start 3'],
    })
  })
})
