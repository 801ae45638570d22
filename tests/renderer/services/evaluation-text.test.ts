import { describe, expect, it } from 'vitest'
import { dataFacts, dataName, scoredText, shareText } from '../../../src/renderer/services/evaluation-text'
import { fakeEvaluation } from '../fake-evaluation'

describe('evaluation in words', () => {
  const { data } = fakeEvaluation('Demo', 'knn', 0.5, 0.1)

  it('names the pictures by their folders', () => {
    expect([dataName(data), dataFacts(data)]).toEqual(['pets', '2 classes · 6 pictures'])
    const two = { ...data, folder: 'C:\\pets\\train\\', testFolder: '/pets/test', classes: [{ name: 'cat', pictures: 1200, testPictures: 1 }] }
    expect([dataName(two), dataFacts(two)]).toEqual(['train → test', '1 class · 1,200 pictures, 1 tested'])
  })

  it('tells a share with its error', () => {
    expect([shareText(0.6649, 0.0047), shareText(1, undefined)]).toEqual(['66.5 % ± 0.5', '100.0 %'])
  })

  it('says how it was scored and what was left out', () => {
    expect(scoredText(fakeEvaluation('Demo', 'knn', 0.5, 0.1))).toBe('k = 20; tested on the second folder · 6 pictures tested against 6 · DinoScope 1.2.3')
    const counts = { references: 1500, queries: 1, unanswerable: 2, overlap: 3, duplicates: 1, unclassed: 4, skipped: 5 }
    expect(scoredText(fakeEvaluation('Demo', 'linear', 0.5, 0.1, { split: 'held-out-fifth', counts }))).toBe(
      'C = 100, chosen away from the test; tested on a fixed fifth of each class · 1 picture tested against 1,500 · 2 without another of their class · 3 in both folders · 1 duplicate left out · 4 in no class folder · 5 could not be used · DinoScope 1.2.3',
    )
    expect(['0.01', '1', '1000']).toEqual([0.01, 1, 1000].map((C) => /C = ([\d.]+),/.exec(scoredText(fakeEvaluation('Demo', 'linear', 0.5, 0.1, { method: { kind: 'linear', C } })))?.[1]))
  })
})
