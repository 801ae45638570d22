/** @file A run in training: its trainer's events become what is told of it, a crash is gone on from, a stop waits for the checkpoint. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EngineError, type RunInfo } from '../../../../src/engine/contract'
import { startLiveRun, type LiveRun } from '../../../../src/engine/host/runs/live-run'
import { fakeStore, fakeTrainers, runInfo, stepEvent, type FakeTrainers } from './fakes'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Fixture {
  readonly run: LiveRun
  readonly trainers: FakeTrainers
  readonly store: ReturnType<typeof fakeStore>
  readonly states: string[]
}

/** A run whose trainer has begun. */
async function begin(trainers: FakeTrainers = fakeTrainers(), info: RunInfo = runInfo()): Promise<Fixture> {
  const store = fakeStore(info)
  const states: string[] = []
  const onChange = ({ state, reason }: RunInfo): void => {
    const told = reason === undefined ? state : `${state}: ${reason}`
    if (states.at(-1) !== told) states.push(told)
  }
  const run = startLiveRun({ folder: '/runs/night-1', info, store, machine: { provider: 'cpu', threads: 1 }, startTrainer: trainers.start, onChange, now: () => Date.now() })
  await vi.advanceTimersByTimeAsync(0)
  return { run, trainers, store, states }
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

describe('a live run', () => {
  it('is told step by step, and ends as its trainer says', async () => {
    const { run, trainers, store, states } = await begin()
    const [training] = trainers.trainings
    training?.emit({ kind: 'phase', phase: 'preparing', note: 'reading 1000 pictures' })
    training?.emit({ kind: 'phase', phase: 'training', note: '' })
    training?.emit(stepEvent(3))
    training?.emit({ kind: 'phase', phase: 'checkpointing', note: 'writing a checkpoint' })
    await settled()
    const during = run.info()
    training?.finish({ outcome: 'finished', reason: undefined, step: 100 })
    const ended = await run.ended
    await settled()
    expect({ folder: training?.folder, step: during.step, latest: during.latest, rate: during.imagesPerSecond, states, state: ended.state, rateAfter: ended.imagesPerSecond, notes: store.notes, log: trainers.log }).toEqual({
      folder: '/runs/night-1',
      step: 3,
      latest: { step: 3, values: { loss: 3 } },
      rate: 4,
      states: ['starting', 'starting: reading 1000 pictures', 'running', 'running: writing a checkpoint', 'finished'],
      state: 'finished',
      rateAfter: undefined,
      notes: ['night-1 finished: '],
      log: ['start 1', 'end 1: it ended'],
    })
  })

  it('stops when its checkpoint is on disk and its process has ended, once for all who ask', async () => {
    const { run, trainers, states } = await begin()
    trainers.trainings[0]?.emit({ kind: 'phase', phase: 'training', note: '' })
    await settled()
    const [first, second] = await Promise.all([run.stop('DinoScope was closed'), run.stop()])
    expect({ first: [first.state, first.reason], same: first === second, states, log: trainers.log }).toEqual({
      first: ['stopped', 'DinoScope was closed'],
      same: true,
      states: ['starting', 'running', 'stopping: writing a checkpoint', 'stopped: DinoScope was closed'],
      log: ['start 1', 'end 1: it ended'],
    })
  })

  it('goes on after a crash, paused and with the end that were asked for', async () => {
    const { run, trainers, store, states } = await begin()
    trainers.trainings[0]?.emit({ kind: 'phase', phase: 'training', note: '' })
    await settled()
    await Promise.all([run.pause(true), run.finishBy('2026-11-25T07:00:00.000Z')])
    trainers.trainings[0]?.crash('it was ended by SIGKILL')
    await vi.advanceTimersByTimeAsync(999)
    const before = trainers.trainings.length
    await vi.advanceTimersByTimeAsync(1)
    const control = trainers.trainings[1]?.control
    expect({ before, after: trainers.trainings.length, paused: control?.paused(), finishBy: control?.finishBy()?.toISOString(), told: run.info().finishBy, notes: store.notes, states }).toEqual({
      before: 1,
      after: 2,
      paused: true,
      finishBy: '2026-11-25T07:00:00.000Z',
      told: '2026-11-25T07:00:00.000Z',
      notes: ['night-1 interrupted: the trainer ended: it was ended by SIGKILL'],
      states: ['starting', 'running', 'paused', 'starting: the trainer ended: it was ended by SIGKILL; it goes on from the newest checkpoint'],
    })
  })

  it('is left alone after three restarts within ten minutes, and says so', async () => {
    const { run, trainers } = await begin()
    for (const waitMs of [1000, 2000, 4000]) {
      trainers.trainings.at(-1)?.crash('it ran out of memory')
      await vi.advanceTimersByTimeAsync(waitMs)
    }
    trainers.trainings.at(-1)?.crash('it ran out of memory')
    const ended = await run.ended
    await vi.advanceTimersByTimeAsync(60_000)
    expect({ trainings: trainers.trainings.length, state: ended.state, reason: ended.reason }).toEqual({
      trainings: 4,
      state: 'interrupted',
      reason: 'the trainer ended: it ran out of memory; it was started again 3 times within ten minutes and is left alone now. Resume goes on from the newest checkpoint.',
    })
  })

  it('is started again without end where crashes are rare', async () => {
    const { trainers } = await begin()
    for (let crash = 0; crash < 6; crash++) {
      trainers.trainings.at(-1)?.crash('it ended with code 139')
      await vi.advanceTimersByTimeAsync(6 * 60_000)
    }
    expect(trainers.trainings.length).toBe(7)
  })

  it('fails with the message of what went wrong, and is not started again', async () => {
    const { run, trainers, store } = await begin()
    trainers.trainings[0]?.fail(new EngineError('NON_FINITE_LOSS', 'the loss was not finite at step 40 three times'))
    const ended = await run.ended
    await vi.advanceTimersByTimeAsync(60_000)
    expect({ ended: [ended.state, ended.reason], notes: store.notes, log: trainers.log }).toEqual({
      ended: ['failed', 'the loss was not finite at step 40 three times'],
      notes: ['night-1 failed: the loss was not finite at step 40 three times'],
      log: ['start 1', 'end 1: it ended'],
    })
  })

  it('takes a device that was lost for a crash, but not one that never worked', async () => {
    const lost = await begin()
    lost.trainers.trainings[0]?.emit(stepEvent(5))
    lost.trainers.trainings[0]?.fail(new EngineError('RUNTIME', 'the device was lost'))
    await vi.advanceTimersByTimeAsync(1000)
    const never = await begin()
    never.trainers.trainings[0]?.fail(new EngineError('RUNTIME', 'no kernel'))
    await vi.advanceTimersByTimeAsync(1000)
    expect([lost.trainers.trainings.length, never.trainers.trainings.length, (await never.run.ended).state]).toEqual([2, 1, 'failed'])
  })

  it('is killed when it does not stop for five minutes, and is then interrupted', async () => {
    const { run, trainers } = await begin(fakeTrainers({ deaf: true }))
    const stopped = run.stop()
    await vi.advanceTimersByTimeAsync(5 * 60_000 - 1)
    const before = trainers.log.length
    await vi.advanceTimersByTimeAsync(1)
    expect({ before, log: trainers.log, state: (await stopped).state, reason: (await stopped).reason }).toEqual({
      before: 1,
      log: ['start 1', 'end 1: it was killed'],
      state: 'interrupted',
      reason: 'while it was being stopped, the trainer ended: it was killed',
    })
  })

  it('stops while it waits to be started again', async () => {
    const { run, trainers } = await begin()
    trainers.trainings[0]?.crash('it ended with code 1')
    await settled()
    const ended = await run.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect({ state: ended.state, trainings: trainers.trainings.length }).toEqual({ state: 'interrupted', trainings: 1 })
  })

  it('counts a trainer that cannot be started as a crash', async () => {
    let attempts = 0
    const store = fakeStore(runInfo())
    const startTrainer = (): never => {
      attempts++
      throw new Error('no such file')
    }
    const run = startLiveRun({ folder: '/f', info: runInfo(), store, machine: { provider: undefined, threads: undefined }, startTrainer, onChange: () => undefined, now: () => Date.now() })
    await vi.advanceTimersByTimeAsync(10_000)
    expect({ attempts, state: (await run.ended).state, told: (await run.ended).reason?.includes('it could not be started: no such file') }).toEqual({ attempts: 4, state: 'interrupted', told: true })
  })

  it('takes checkpoints, sizes and the report from the disk when there is something new', async () => {
    const { run, trainers, store } = await begin()
    store.change('night-1', { info: runInfo({ sizeBytes: 4096, checkpoints: [{ step: 9, best: true, savedAt: 'now' }] }) })
    trainers.trainings[0]?.emit({ kind: 'checkpoint', checkpoint: { step: 9, best: true, savedAt: 'now' } })
    await settled()
    expect({ size: run.info().sizeBytes, checkpoints: run.info().checkpoints }).toEqual({ size: 4096, checkpoints: [{ step: 9, best: true, savedAt: 'now' }] })
  })
})
