/** @file The frames of a run's probe pictures: read when shown, when it ends, and for the run in sight only. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type ProbeFrame } from '../../../src/engine/contract'
import { useRunProbesStore } from '../../../src/renderer/stores/run-probes'
import { useRunsStore } from '../../../src/renderer/stores/runs'
import { fakeRun } from '../fake-training'
import { deferred, startPage } from '../page'

describe('useRunProbesStore', () => {
  it('reads the frames and reads again when the run is finished', async () => {
    const engine = startPage({ runs: [fakeRun({ id: 'a', step: 100, stepsTotal: 200 })] })
    await useRunsStore().start()
    const probes = useRunProbesStore()
    await probes.show('a')
    expect([probes.loaded, probes.frames.map(({ step }) => step)]).toEqual([true, [0, 100]])
    engine.training.advance('a', 100)
    await vi.waitFor(() => {
      expect(probes.frames.map(({ step }) => step)).toEqual([0, 100, 200])
    })
    probes.leave()
    expect([probes.frames, probes.loaded]).toEqual([[], false])
  })

  it('keeps the same frames as the same value, so that nothing flickers', async () => {
    startPage({ runs: [fakeRun({ id: 'a', step: 100 })] })
    await useRunsStore().start()
    const probes = useRunProbesStore()
    await probes.show('a')
    const before = probes.frames
    await probes.read()
    expect(probes.frames).toBe(before)
    probes.leave()
  })

  it('ignores an answer for a run that is no longer shown, and says why frames could not be read', async () => {
    const late = deferred<readonly ProbeFrame[]>()
    startPage({
      handlers: { 'runs.probes': ({ runId }) => (runId === 'a' ? late.promise : Promise.reject(new EngineError('DISK', 'probes cannot be read'))) },
    })
    const probes = useRunProbesStore()
    const first = probes.show('a')
    await probes.show('b')
    late.resolve([{ step: 1, pictures: [] }])
    await first
    expect([probes.frames, probes.problem?.message]).toEqual([[], 'probes cannot be read'])
    probes.leave()
  })
})
