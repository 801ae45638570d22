/** @file What embedding takes is told from what has been measured, or not at all. */
import { describe, expect, it } from 'vitest'
import { embeddingMs, missingVectors, patchBytes, vectorsOf } from '../../../src/renderer/stores/embed-estimate'

describe('what embedding takes', () => {
  it('counts 64 bytes for each patch of the evaluation crop', () => {
    expect([[14, 224, 100_000], [16, 224, 1], [8, 224, 1], [8, 128, 1]].map(([patchSize = 0, crop = 0, images = 0]) => patchBytes({ patchSize, evaluation: { shortEdge: crop, crop } }, images))).toEqual([1_638_400_000, 12_544, 50_176, 16_384])
  })

  it('is only what is missing', () => {
    const counts = vectorsOf([{ modelId: 'a', images: 90, withPatches: 40 }, { modelId: 'b', images: 7, withPatches: 7 }], 'a')
    expect([missingVectors(100, counts, false), missingVectors(100, counts, true), missingVectors(80, counts, false)]).toEqual([10, 60, 0])
    expect(vectorsOf([], 'a')).toEqual({ images: 0, withPatches: 0 })
  })

  it('has no time without a rate', () => {
    expect([embeddingMs(100, 25), embeddingMs(100, undefined), embeddingMs(100, 0)]).toEqual([4000, undefined, undefined])
  })
})
