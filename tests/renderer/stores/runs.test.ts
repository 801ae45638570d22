/** @file Runs over a fake engine: pushes, verbs, refusals, and looking through a teacher. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useRunsStore } from '../../../src/renderer/stores/runs'
import { fakeRun } from '../fake-training'
import { deferred, startPage } from '../page'

const stopped = fakeRun({ id: 'b', name: 'B', state: 'stopped', createdAt: '2026-01-01T00:00:00.000Z', checkpoints: [{ step: 200, best: false, savedAt: '2026-01-01T01:00:00.000Z' }] })

describe('useRunsStore', () => {
  it('reads the list and follows what the engine pushes', async () => {
    const { training } = startPage({ runs: [fakeRun({ id: 'a' }), stopped] })
    const runs = useRunsStore()
    await runs.start()
    expect([runs.runs.map(({ id }) => id), runs.live.map(({ id }) => id)]).toEqual([['a', 'b'], ['a']])
    const seen: number[] = []
    runs.onChange(({ step }) => seen.push(step))
    training.advance('a', 10)
    await vi.waitFor(() => {
      expect(runs.runOf('a')?.step).toBe(410)
    })
    expect(seen).toEqual([410])
  })

  it('says why the list could not be read', async () => {
    startPage({ handlers: { 'runs.list': () => Promise.reject(new EngineError('DISK', 'runs cannot be read')) } })
    const runs = useRunsStore()
    await runs.start()
    expect([runs.state.loaded, runs.state.listProblem?.message]).toEqual([false, 'runs cannot be read'])
  })

  it('pauses, continues, stops, resumes, renames and plans the end', async () => {
    startPage({ runs: [fakeRun({ id: 'a' })] })
    const runs = useRunsStore()
    await runs.start()
    const run = () => runs.runOf('a') ?? fakeRun()
    const states: string[] = []
    for (const act of [() => runs.pause(run(), true), () => runs.pause(run(), false), () => runs.stop(run()), () => runs.resume(run())]) {
      await act()
      states.push(run().state)
    }
    expect(states).toEqual(['paused', 'running', 'stopped', 'running'])
    await runs.rename(run(), 'Autumn')
    await runs.finishBy(run(), '2026-03-13T06:00:00.000Z')
    expect([run().name, run().finishBy, runs.state.busy]).toEqual(['Autumn', '2026-03-13T06:00:00.000Z', {}])
  })

  it('asks a run one thing at a time and keeps a refusal with its words', async () => {
    const held = deferred<never>()
    const stop = vi.fn(() => held.promise)
    startPage({ runs: [fakeRun({ id: 'a', name: 'A' })], handlers: { 'runs.stop': stop } })
    const runs = useRunsStore()
    await runs.start()
    const run = runs.runOf('a') ?? fakeRun()
    const first = runs.stop(run)
    await runs.pause(run, true)
    expect(runs.busyWith('a')).toBe('stopping')
    held.reject(new EngineError('DISK', 'no space for the checkpoint'))
    await first
    expect([runs.runOf('a')?.state, runs.busyWith('a'), runs.state.problem]).toEqual([
      'running',
      undefined,
      { runId: 'a', title: 'A was not stopped', problem: { code: 'DISK', message: 'no space for the checkpoint', lists: [] } },
    ])
    runs.dismiss()
    expect(runs.state.problem).toBeUndefined()
  })

  it('deletes a run, and keeps it when the engine refuses', async () => {
    startPage({ runs: [stopped] })
    const runs = useRunsStore()
    await runs.start()
    expect([await runs.remove(stopped), runs.runs]).toEqual([true, []])
    expect(await runs.remove(stopped)).toBe(false)
    expect(runs.state.problem?.title).toBe('B was not deleted')
  })

  it('makes the teacher a model and the one that is looked through', async () => {
    startPage({ runs: [stopped] })
    const runs = useRunsStore()
    await runs.start()
    const model = await runs.lookThrough(stopped, 'newest')
    const models = useModelsStore()
    expect([model?.name, models.active?.id, models.models.map(({ id }) => id)]).toEqual(['B, step 400', 'teacher of b', ['demo', 'teacher of b']])
  })
})
