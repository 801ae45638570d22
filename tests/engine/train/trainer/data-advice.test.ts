/** @file What is said of a run before it begins, and how bad it is. */
import { describe, expect, it } from 'vitest'
import { judge, type TrialFacts } from '../../../../src/engine/train/trainer/data-advice'

type Measured = Parameters<typeof judge>[0]

const measured: Measured = {
  images: 20_000,
  summary: { method: 'dino', architecture: 'ViT-Ti/16', patchSize: 16, backboneParameters: 1, headParameters: 1, globalSize: 128, localSize: 64, localCrops: 6, batch: 32, accumulate: 1 },
  stepsTotal: 62_500,
  imagesPerSecond: 30,
  stepMs: 1000,
  peakRssBytes: 2e9,
  freeMemoryBytes: 8e9,
  checkpointBytes: 1e8,
  freeDiskBytes: 1e11,
  hours: 17,
  batch: 32,
  skipped: [],
}
const facts: TrialFacts = { fromScratch: true, accumulate: 1, waitShare: 0.05, finite: true }

const told = (changes: Partial<Measured>, circumstances: Partial<TrialFacts> = {}): readonly [string, string, number] => {
  const { verdict, advice } = judge({ ...measured, ...changes }, { ...facts, ...circumstances })
  return [verdict, advice[0]?.split(/[.;:,] /)[0] ?? '', advice.length]
}

describe('judge', () => {
  it.each<[string, Partial<Measured>, Partial<TrialFacts>, readonly [string, string, number]]>([
    ['enough pictures and time', {}, {}, ['good', '20,000 pictures are enough to learn their kind of scenes from scratch', 1]],
    ['as many as DINO saw', { images: 200_000, stepsTotal: 625_000 }, {}, ['good', '200,000 pictures are in the range that DINO was made for.', 1]],
    ['some thousands from scratch', { images: 4000, stepsTotal: 12_500 }, {}, ['doubtful', '4,000 pictures from scratch teach the look of these pictures', 1]],
    ['a handful from scratch', { images: 300, stepsTotal: 1000 }, {}, ['poor', '300 pictures from scratch teach colours and textures at most', 1]],
    ['a handful for pretrained weights', { images: 300 }, { fromScratch: false }, ['doubtful', 'With 300 pictures', 1]],
    ['some thousands for pretrained weights', { images: 4000 }, { fromScratch: false }, ['good', '4,000 pictures can move pretrained weights towards their kind of picture', 1]],
    ['many for pretrained weights', {}, { fromScratch: false }, ['good', '20,000 pictures are enough to make pretrained weights at home in them', 1]],
    ['a large teacher', { teacher: { name: 'ViT-B', parameters: 86_000_000 } }, {}, ['good', 'The student learns what ViT-B says of 20,000 pictures', 1]],
    ['a teacher that is no larger', { teacher: { name: 'Small', parameters: 1 } }, {}, ['doubtful', 'Small has 1 parameters', 2]],
    ['a teacher for a short while', { teacher: { name: 'ViT-B', parameters: 86_000_000 }, stepsTotal: 1000 }, {}, ['doubtful', 'Each picture is seen about 2 times', 2]],
    ['too short', { stepsTotal: 1000 }, {}, ['doubtful', 'Each picture is seen about 2 times', 2]],
    ['days', { hours: 60 }, {}, ['doubtful', 'It would take 2.5 days', 2]],
    ['weeks', { hours: 500 }, {}, ['poor', 'It would take 21 days on this machine', 2]],
    ['no memory', { peakRssBytes: 7.9e9 }, {}, ['poor', 'It takes 7.9 GB of memory and 8.0 GB are free', 2]],
    ['no disk', { freeDiskBytes: 2e8 }, {}, ['poor', 'Three checkpoints of 0.10 GB are needed at a time and the disk has 0.20 GB free', 2]],
    ['a loss that is no number', {}, { finite: false }, ['poor', 'The loss was not a finite number within the trial', 2]],
    ['slow pictures, a small batch and broken files', { batch: 4, stepsTotal: 500_000, skipped: [{ relativePath: 'a', code: 'IMG_CORRUPT', reason: 'r' }] }, { waitShare: 0.5 }, ['good', '20,000 pictures are enough to learn their kind of scenes from scratch', 4]],
  ])('%s', (_title, changes, circumstances, expected) => {
    expect(told(changes, circumstances)).toEqual(expected)
  })

  it('says the worst first', () => {
    expect(judge({ ...measured, images: 4000, hours: 500, peakRssBytes: 7.9e9 }, facts).advice.map((say) => say.split(' ').slice(0, 2).join(' '))).toEqual(['It takes', 'It would', '4,000 pictures'])
  })
})
