/** @file Precision over a fake engine: compared on the open folder, chosen, refused, cancelled. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { usePrecisionStore } from '../../../src/renderer/stores/precision'
import { fakeCard } from '../fake-precision'
import { startPage } from '../page'

describe('usePrecisionStore', () => {
  it('compares on the samples, or on the open folder, and keeps what comes of it', async () => {
    startPage()
    const precisions = usePrecisionStore()
    await precisions.load('demo')
    expect(precisions.states['demo']).toEqual({ modelId: 'demo', precision: 'fp32', offered: ['fp32', 'int8'], cards: [] })
    const measuring = precisions.measure('demo', 'int8')
    expect(precisions.work).toMatchObject({ phase: 'running', modelId: 'demo', precision: 'int8' })
    await measuring
    expect([precisions.work, precisions.states['demo']?.cards]).toEqual([{ phase: 'idle' }, [fakeCard()]])
    await useLibraryStore().open('/photos')
    await precisions.measure('demo', 'int8')
    expect(precisions.states['demo']?.cards[0]?.folder).toBe('library of /photos')
  })

  it('asks what is embedded anew when another precision is chosen', async () => {
    const ask = vi.fn(() => Promise.resolve([]))
    startPage({ handlers: { 'embed.status': ask } })
    const precisions = usePrecisionStore()
    await useLibraryStore().open('/photos')
    await vi.waitFor(() => { expect(ask).toHaveBeenCalled() })
    const before = ask.mock.calls.length
    await precisions.choose('demo', 'int8')
    expect(precisions.work).toMatchObject({ phase: 'failed', modelId: 'demo', problem: { code: 'BAD_REQUEST', message: 'measure it first' } })
    await precisions.measure('demo', 'int8')
    await precisions.choose('demo', 'int8')
    expect([precisions.states['demo']?.precision, precisions.work, ask.mock.calls.length]).toEqual(['int8', { phase: 'idle' }, before + 1])
  })

  it('shows why a comparison failed, and nothing of one that was cancelled', async () => {
    const fail = vi.fn(() => Promise.reject(new EngineError('RUNTIME', 'no memory')))
    startPage({ handlers: { 'precision.measure': fail } })
    const precisions = usePrecisionStore()
    await precisions.measure('demo', 'int8')
    expect(precisions.work).toMatchObject({ phase: 'failed', problem: { code: 'RUNTIME' } })
    fail.mockImplementation(() => Promise.reject(new EngineError('CANCELLED', 'cancelled')))
    await precisions.measure('demo', 'int8')
    expect(precisions.work).toEqual({ phase: 'idle' })
  })
})
