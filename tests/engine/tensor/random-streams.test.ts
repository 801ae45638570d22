import { describe, expect, it } from 'vitest'
import { philox4x32, randomPurposes, randomStreamAt, type RandomPurpose } from '../../../src/engine/tensor'
import { correlation, deviationsFrom, distanceFromUniform, mean, uniforms } from '../../helpers/statistics'

const purposes = Object.keys(randomPurposes) as readonly RandomPurpose[]
const range = (count: number): readonly number[] => [...Array(count).keys()]
const first = (seed: number, purpose: RandomPurpose, a: number, b?: number, c?: number): number => randomStreamAt(seed, purpose, a, b, c).uniform()

describe('randomStreamAt', () => {
  it('is Philox of the coordinates under a key that is Philox of seed and purpose', () => {
    const [low, high] = philox4x32([7, 3, randomPurposes.mask, 0], [0, 0])
    const expected = [0, 1].flatMap((block) => philox4x32([block, 11, 12, 13], [low, high])).map((bits) => bits / 2 ** 32)
    expect(uniforms(randomStreamAt(7 + 3 * 2 ** 32, 'mask', 11, 12, 13), 8)).toEqual(expected)
  })

  it('gives the same numbers whoever else draws meanwhile', () => {
    const alone = uniforms(randomStreamAt(1, 'augment', 2, 3, 4), 10)
    const one = randomStreamAt(1, 'augment', 2, 3, 4)
    const other = randomStreamAt(1, 'augment', 2, 3, 5)
    const mixed = range(10).map((index) => {
      uniforms(other, index)
      return one.uniform()
    })
    expect(mixed).toEqual(alone)
  })

  it('tells every purpose, coordinate and half of the seed from every other', () => {
    const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]
    const coordinates = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [2, 0, 0], [0, 2, 0], [0xffffffff, 0, 0], [0, 0xffffffff, 0], [0, 0, 0xffffffff]] as const
    const all = seeds.flatMap((seed) => purposes.flatMap((purpose) => coordinates.map(([a, b, c]) => uniforms(randomStreamAt(seed, purpose, a, b, c), 2).join())))
    expect(new Set(all).size).toBe(seeds.length * purposes.length * coordinates.length)
  })

  it('takes coordinates left out as 0', () => {
    expect(first(5, 'order', 3)).toBe(first(5, 'order', 3, 0, 0))
  })

  it('is uniform within a stream and across the first numbers of neighbouring streams', () => {
    const distances = {
      within: distanceFromUniform(uniforms(randomStreamAt(0, 'augment', 0), 20_000)),
      acrossSeeds: distanceFromUniform(range(4000).map((seed) => first(seed, 'augment', 0))),
      acrossEpochs: distanceFromUniform(range(4000).map((epoch) => first(0, 'augment', epoch, 5, 1))),
      acrossImages: distanceFromUniform(range(4000).map((image) => first(0, 'augment', 5, image, 1))),
      acrossCrops: distanceFromUniform(range(4000).map((crop) => first(0, 'augment', 5, 1, crop))),
    }
    expect(Object.entries(distances).filter(([, distance]) => !(distance < 1.95))).toEqual([])
  })

  it('has no correlation between neighbours of any kind, nor within a stream', () => {
    const count = 10_000
    const images = range(count).map((image) => first(3, 'augment', 1, image, 0))
    const inside = uniforms(randomStreamAt(3, 'augment', 1), count + 1)
    const correlations = {
      nextNumber: correlation(inside.slice(0, count), inside.slice(1)),
      nextImage: correlation(images.slice(0, -1), images.slice(1)),
      nextEpoch: correlation(images, range(count).map((image) => first(3, 'augment', 2, image, 0))),
      nextCrop: correlation(images, range(count).map((image) => first(3, 'augment', 1, image, 1))),
      nextSeed: correlation(images, range(count).map((image) => first(4, 'augment', 1, image, 0))),
      otherPurpose: correlation(images, range(count).map((image) => first(3, 'dropPath', 1, image, 0))),
      swappedCoordinates: correlation(images, range(count).map((image) => first(3, 'augment', image, 1, 0))),
    }
    // The correlation of independent columns has a standard deviation of 1 / √n.
    expect(Object.entries(correlations).filter(([, value]) => !(Math.abs(value) < 4 / Math.sqrt(count)))).toEqual([])
  })

  it('sets every bit half of the time', () => {
    const count = 10_000
    const words = uniforms(randomStreamAt(9, 'mask', 1), count).map((value) => value * 2 ** 32)
    const off = range(32).map((bit) => deviationsFrom(0.5, words.filter((word) => (word >>> bit) & 1).length, count))
    expect(Math.max(...off)).toBeLessThan(4)
  })

  it('gives normal numbers of mean 0, variance 1 and kurtosis 3', () => {
    const random = randomStreamAt(2, 'replacement', 0)
    const values = range(40_000).map(() => random.normal())
    const moments = [1, 2, 3, 4].map((power) => mean(values.map((value) => value ** power)))
    // Standard deviations of the moments' estimates: √(1, 2, 15, 96) / √n.
    const off = [0, 1, 0, 3].map((expected, index) => Math.abs(moments[index]! - expected) / Math.sqrt([1, 2, 15, 96][index]! / values.length))
    expect(Math.max(...off)).toBeLessThan(4)
  })
})
