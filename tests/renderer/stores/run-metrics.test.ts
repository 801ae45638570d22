/** @file A run's numbers: pulled from the file, moved on by pushes, taken back when the run goes back. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useRunMetricsStore } from '../../../src/renderer/stores/run-metrics'
import { useRunSparksStore } from '../../../src/renderer/stores/run-sparks'
import { useRunsStore } from '../../../src/renderer/stores/runs'
import { fakeMetrics, fakeRun } from '../fake-training'
import { startPage } from '../page'

const stepsOf = (metrics: ReturnType<typeof useRunMetricsStore>) => [...metrics.series('a').steps]

async function open(step: number) {
  const engine = startPage({ runs: [fakeRun({ id: 'a', step })] })
  const runs = useRunsStore()
  await runs.start()
  const metrics = useRunMetricsStore()
  return { engine, runs, metrics }
}

describe('useRunMetricsStore', () => {
  it('pulls the whole run and shows a pushed step at once', async () => {
    const { engine, metrics } = await open(3)
    metrics.watch('a')
    await vi.waitFor(() => {
      expect(metrics.isRead('a')).toBe(true)
    })
    expect(stepsOf(metrics)).toEqual([1, 2, 3])
    engine.training.advance('a', 1)
    await vi.waitFor(() => {
      expect(stepsOf(metrics)).toEqual([1, 2, 3, 4])
    })
    expect(metrics.series('a').columns['loss']?.[3]).toBe(fakeMetrics(4, 2000).values['loss'])
  })

  it('fills the steps between two pushes from the file when the run ends', async () => {
    const { engine, metrics } = await open(2)
    metrics.watch('a')
    await vi.waitFor(() => {
      expect(metrics.isRead('a')).toBe(true)
    })
    engine.training.advance('a', 3)
    await vi.waitFor(() => {
      expect(stepsOf(metrics)).toEqual([1, 2, 5])
    })
    engine.training.change('a', { state: 'stopped' })
    await vi.waitFor(() => {
      expect(stepsOf(metrics)).toEqual([1, 2, 3, 4, 5])
    })
  })

  it('forgets the steps after the checkpoint that a run went back to', async () => {
    const { engine, metrics } = await open(5)
    metrics.watch('a')
    await vi.waitFor(() => {
      expect(stepsOf(metrics)).toEqual([1, 2, 3, 4, 5])
    })
    engine.training.change('a', { step: 3, latest: { step: 3, values: { loss: 1 } } })
    await vi.waitFor(() => {
      expect(stepsOf(metrics)).toEqual([1, 2, 3])
    })
    expect(metrics.series('a').columns['loss']?.[2]).toBe(1)
  })

  it('lets go of a run when the last one who looks has left', async () => {
    const { engine, metrics } = await open(2)
    const first = metrics.watch('a')
    const second = metrics.watch('a')
    await vi.waitFor(() => {
      expect(stepsOf(metrics)).toEqual([1, 2])
    })
    first()
    first()
    expect(stepsOf(metrics)).toEqual([1, 2])
    second()
    engine.training.advance('a', 1)
    expect(stepsOf(metrics)).toEqual([])
  })

  it('says why the numbers could not be read, and reads them when asked again', async () => {
    let refuse = true
    startPage({
      runs: [fakeRun({ id: 'a', step: 1 })],
      handlers: {
        'runs.metrics': () => (refuse ? Promise.reject(new EngineError('DISK', 'metrics.jsonl cannot be read')) : Promise.resolve({ steps: Float64Array.of(1), columns: {} })),
      },
    })
    const metrics = useRunMetricsStore()
    metrics.watch('a')
    await vi.waitFor(() => {
      expect(metrics.problemOfRun('a')?.message).toBe('metrics.jsonl cannot be read')
    })
    refuse = false
    await metrics.pull('a')
    expect([metrics.problemOfRun('a'), stepsOf(metrics)]).toEqual([undefined, [1]])
  })
})

describe('useRunSparksStore', () => {
  it('reads a listed run once, its last steps only, and goes on with pushes', async () => {
    const engine = startPage({ runs: [fakeRun({ id: 'a', step: 6000, stepsTotal: 20_000 })] })
    const runs = useRunsStore()
    await runs.start()
    const sparks = useRunSparksStore()
    sparks.want('a')
    sparks.want('a')
    await vi.waitFor(() => {
      expect(sparks.points['a']?.length).toBe(64)
    })
    const before = sparks.points['a']
    engine.training.advance('a', 200)
    await vi.waitFor(() => {
      expect(sparks.points['a']).not.toBe(before)
    })
  })
})
