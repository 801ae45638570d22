/** @file The part of the fake engine that compares precisions: int8 on the CPU, near enough and faster. */
import { EngineError, type EngineContract, type Handlers, type Precision, type PrecisionCard, type PrecisionState } from '../../src/engine/contract'

export const fakeCard = (changes: Partial<PrecisionCard> = {}): PrecisionCard => ({
  precision: 'int8',
  provider: 'cpu',
  pictures: 64,
  folder: undefined,
  cls: { mean: 0.99987, worst: 0.99731 },
  patches: { mean: 0.99996, worst: 0.99992 },
  overlap: 0.991,
  neighbours: 10,
  exactMs: 21.4,
  ownMs: 10.2,
  speed: { median: 2.08, low: 1.91, high: 2.2 },
  verdict: 'use',
  measuredAt: '2026-01-02T03:04:05.000Z',
  ...changes,
})

export function createFakePrecision(): Pick<Handlers<EngineContract>, 'precision.state' | 'precision.measure' | 'precision.set'> {
  const chosen = new Map<string, Precision>()
  const cards = new Map<string, PrecisionCard>()
  const stateOf = (modelId: string): PrecisionState => ({ modelId, precision: chosen.get(modelId) ?? 'fp32', offered: ['fp32', 'int8'], cards: [cards.get(modelId) ?? []].flat() })
  return {
    'precision.state': ({ modelId }) => Promise.resolve(stateOf(modelId)),
    'precision.measure': ({ modelId, libraryId, precision }, { signal, emit }) => {
      emit({ kind: 'progress', title: 'Comparing precisions', done: 32, total: 64, value: 0.5, ratePerSecond: 30, etaMs: 1000 })
      signal.throwIfAborted()
      const card = fakeCard({ precision, folder: libraryId })
      cards.set(modelId, card)
      return Promise.resolve(card)
    },
    'precision.set': ({ modelId, precision }) => {
      if (precision !== 'fp32' && !cards.has(modelId)) return Promise.reject(new EngineError('BAD_REQUEST', 'measure it first'))
      chosen.set(modelId, precision)
      return Promise.resolve(stateOf(modelId))
    },
  }
}
