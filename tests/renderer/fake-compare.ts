/** @file A comparison of two models made of invented numbers over the fake pictures. */
import { EngineError, type EngineContract, type Handlers, type NeighbourList } from '../../src/engine/contract'
import { fraction, progressOf, type FakePicture } from './fake-pictures'

type CompareRequests = Extract<keyof Handlers<EngineContract>, `compare.${string}`>

export interface FakeCompareOptions {
  readonly pictures: readonly FakePicture[]
  readonly pause: (milliseconds: number) => Promise<void>
  readonly patchesOf: (analysisId: string) => number
}

export function createFakeCompare({ pictures, pause, patchesOf }: FakeCompareOptions): Pick<Handlers<EngineContract>, CompareRequests> {
  const nearest = Math.max(1, Math.min(10, Math.floor((pictures.length - 1) / 2)))
  const compared = new Map<string, readonly [string, string]>()
  const listOf = (row: number, modelId: string): NeighbourList => {
    const others = [...pictures.keys()].filter((other) => other !== row)
    const cosine = (other: number): number => fraction(`${modelId}${Math.min(row, other)}/${Math.max(row, other)}`)
    const rows = Uint32Array.from(others.sort((a, b) => cosine(b) - cosine(a)).slice(0, nearest))
    return { rows, cosines: Float32Array.from(rows, cosine) }
  }
  return {
    'compare.models': async ({ modelA, modelB, pooling }, { signal, emit }) => {
      for (let part = 0; part < 10; part += 1) {
        signal.throwIfAborted()
        emit(progressOf('Comparing the two models', part, 10))
        await pause(100)
      }
      const rows = Uint32Array.from(pictures.keys())
      const overlaps = Float32Array.from(rows, (row) => {
        const [a, b] = [listOf(row, modelA), listOf(row, modelB)]
        return a.rows.filter((one) => b.rows.includes(one)).length / a.rows.length
      })
      const comparisonId = `comparison ${compared.size + 1}`
      compared.set(comparisonId, [modelA, modelB])
      return {
        comparisonId,
        modelA,
        modelB,
        pooling,
        k: nearest,
        rows,
        of: rows.length,
        cka: 0.712,
        ckaByChance: 0.08,
        overlap: overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length,
        overlapByChance: 0.1,
        overlaps,
        gaps: new Float32Array(rows.length),
        changed: rows.slice().sort((a, b) => overlaps[a]! - overlaps[b]! || a - b),
        accuracy: { k: 20, classes: 4, pictures: rows.length, a: 0.5, b: 0.75, largestClass: 0.3 },
        maxAbsDiff: undefined,
        identical: undefined,
        skipped: [],
      }
    },
    'compare.neighbours': ({ comparisonId, row }) => {
      const models = compared.get(comparisonId)
      if (models === undefined) return Promise.reject(new EngineError('NOT_FOUND', 'this comparison is no longer kept; compare the two models again'))
      return Promise.resolve({ a: listOf(row, models[0]), b: listOf(row, models[1]) })
    },
    'compare.colours': ({ left, right }) => {
      const colours = (analysisId: string): Uint8Array => Uint8Array.from({ length: 3 * patchesOf(analysisId) }, (_, index) => 255 * fraction(`${index}`))
      return Promise.resolve({ left: colours(left), right: colours(right), agreement: 0.83 })
    },
  }
}
