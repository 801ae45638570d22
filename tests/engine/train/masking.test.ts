import { describe, expect, it } from 'vitest'
import { randomStream, type RandomStream } from '../../../src/engine/tensor'
import { blockMasks, largestBlock, maskUpperBound, stepMasks, type MaskOptions } from '../../../src/engine/train/masking'

/** 224 px at patch 14, batch 32: the official case. */
const official: MaskOptions = { crops: 64, grid: { height: 16, width: 16 }, sampleProbability: 0.5, ratio: [0.1, 0.5], maxPatches: 128 }

/** Plays given numbers, then fails: a test sees how many are drawn, and in which order. */
function played(...numbers: readonly number[]): RandomStream & { readonly left: () => number } {
  const rest = [...numbers]
  const uniform = (): number => {
    const next = rest.shift()
    if (next === undefined) throw new Error('no number left')
    return next
  }
  return { uniform, normal: uniform, left: () => rest.length }
}

const countsOf = (masks: Uint8Array, patches: number): number[] =>
  Array.from({ length: masks.length / patches }, (_, crop) => masks.subarray(crop * patches, (crop + 1) * patches).reduce((sum, value) => sum + value, 0))

/** Edges of the only block in a mask, and whether it fills its box. */
function boxOf(mask: Uint8Array, width: number): { readonly height: number; readonly width: number; readonly full: boolean } {
  const cells = [...mask.entries()].filter(([, hidden]) => hidden === 1).map(([cell]) => [Math.floor(cell / width), cell % width] as const)
  const rows = cells.map(([row]) => row)
  const columns = cells.map(([, column]) => column)
  const box = { height: Math.max(...rows) - Math.min(...rows) + 1, width: Math.max(...columns) - Math.min(...columns) + 1 }
  return { ...box, full: cells.length === box.height * box.width }
}

describe('the largest block', () => {
  it.each([
    [224, 14, 128],
    [224, 16, 98],
    [518, 14, 666],
  ])('of %i px at patch %i has %i patches', (imageSize, patchSize, most) => {
    expect(largestBlock(imageSize, patchSize)).toBe(most)
  })
})

describe('the block algorithm, number by number', () => {
  const tiny: MaskOptions = { crops: 1, grid: { height: 4, width: 4 }, sampleProbability: 1, ratio: [0.5, 0.5], maxPatches: 8 }
  const target = 0.9 // of U(8, 8)
  const square = 0.5 // aspect exp(0)
  const twoByTwo = [0, square] // area 4
  const outcome = (random: ReturnType<typeof played>): unknown => {
    const { indices, weights, count } = blockMasks(tiny, random)
    return { indices: [...indices], weights: [...weights], count, left: random.left() }
  }

  it('hides blocks of the drawn area and place until the target is met', () => {
    expect(outcome(played(target, ...twoByTwo, 0.5, 0.99, ...twoByTwo, 0, 0))).toEqual({
      indices: [0, 1, 4, 5, 6, 7, 10, 11],
      weights: Array.from({ length: 8 }, () => 1 / 8),
      count: 8,
      left: 0,
    })
  })

  it('counts new patches only, and refuses a block with more of them than are still wanted', () => {
    const first = [...twoByTwo, 0.5, 0.99] // 6, 7, 10, 11
    const overlapping = [...twoByTwo, 0.5, 0.5] // 5, 6, 9, 10, of which two are new
    const tooMany = [0.5, square, 0.99, 0] // 8, 9, 12, 13, of which three are new and two are wanted
    const corner = [0.99, square, 0, 0] // area 2: patch 0
    const last = [0.99, square, 0, 0.99] // patch 3
    expect(outcome(played(target, ...first, ...overlapping, ...tooMany, ...corner, ...last))).toMatchObject({ indices: [0, 3, 5, 6, 7, 9, 10, 11], left: 0 })
  })

  it('stops early when ten tries in a row do not fit, without drawing places for them', () => {
    const tooWide = [0.99, 0] // 2 × 5 in a grid of 4
    expect(outcome(played(target, ...Array.from({ length: 10 }, () => tooWide).flat()))).toEqual({ indices: [], weights: [], count: 0, left: 0 })
  })

  it('rounds a half to the even neighbour, as Python does', () => {
    const half = [0.5625, square] // area 6.25, edges of 2.5
    expect(outcome(played(target, ...half, 0, 0, ...twoByTwo, 0.99, 0.99))).toMatchObject({ indices: [0, 1, 4, 5, 10, 11, 14, 15], left: 0 })
  })
})

describe('the masks of a micro-batch', () => {
  it('depend on seed, step and micro-batch alone', () => {
    const masks = (seed: number, step: number, microBatch: number): string => Buffer.from(stepMasks(official, seed, step, microBatch).masks).toString('base64')
    expect(masks(1, 2, 3)).toBe(masks(1, 2, 3))
    expect(new Set([masks(1, 2, 3), masks(2, 2, 3), masks(1, 3, 3), masks(1, 2, 4)]).size).toBe(4)
  })

  it('hide patches of exactly half the crops, anywhere in the list', () => {
    const maskedFirst = Array.from({ length: 200 }, (_, step) => countsOf(stepMasks(official, 0, step, 0).masks, 256))
    expect(maskedFirst.map((counts) => counts.filter((count) => count > 0).length).every((masked) => masked === 32)).toBe(true)
    const shareOfFirstCrop = maskedFirst.filter(([first = 0]) => first > 0).length / 200
    expect(Math.abs(shareOfFirstCrop - 0.5)).toBeLessThan(0.12)
  })

  it('follow the strata: each stays below its bound, and the mean realised share is just short of 0.3', () => {
    const shares: number[] = []
    for (let step = 0; step < 100; step++) {
      const counts = countsOf(stepMasks(official, 7, step, 0).masks, 256)
        .filter((count) => count > 0)
        .sort((a, b) => a - b)
      shares.push(...counts.map((count) => count / 256))
      // Sorted, the i-th count is at most the i-th bound, whatever fell short.
      expect(counts.every((count, index) => count <= 256 * (0.1 + (0.4 * (index + 1)) / 32) + 1e-6)).toBe(true)
    }
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    // int() takes half a patch of 256, blocks that do not fit at most a tenth.
    expect(mean).toBeGreaterThan(0.3 - 0.6 / 256)
    expect(mean).toBeLessThan(0.3)
    expect(Math.min(...shares)).toBeGreaterThan(0.08)
  })

  it('never hide more than the upper bound, which is the sum of the bounds of the strata', () => {
    const expected = Array.from({ length: 32 }, (_, index) => Math.floor(256 * (0.1 + (0.4 * (index + 1)) / 32))).reduce((sum, bound) => sum + bound, 0)
    expect(maskUpperBound(official)).toBe(expected)
    const counts = Array.from({ length: 200 }, (_, step) => stepMasks(official, 3, step, 1).count)
    expect(Math.max(...counts)).toBeLessThanOrEqual(expected)
    expect(Math.max(...counts)).toBeGreaterThan(0.9 * expected)
  })

  it('list hidden patches in order, weighted by one over the number of their crop', () => {
    const { masks, indices, weights, count } = stepMasks(official, 5, 6, 0)
    const counts = countsOf(masks, 256)
    const hidden = [...masks.entries()].filter(([, value]) => value === 1).map(([index]) => index)
    expect({ indices: [...indices], weights: [...weights], count }).toEqual({
      indices: hidden,
      weights: hidden.map((index) => Math.fround(1 / counts[Math.floor(index / 256)]!)),
      count: hidden.length,
    })
  })

  it('are empty where no crop is to be masked', () => {
    const { masks, indices, count, upperBound } = stepMasks({ ...official, crops: 2, sampleProbability: 0.4 }, 0, 0, 0)
    expect({ sum: masks.reduce((sum, value) => sum + value, 0), indices: indices.length, count, upperBound }).toEqual({ sum: 0, indices: 0, count: 0, upperBound: 0 })
  })

  it('keep bounds exact where the share of patches is a whole number', () => {
    // 100 patches, bounds 0.1, 0.2, …: 0.3 in float64 steps would give 29 of 100.
    const bounds = maskUpperBound({ crops: 4, grid: { height: 10, width: 10 }, sampleProbability: 1, ratio: [0.1, 0.5], maxPatches: 50 })
    expect(bounds).toBe(20 + 30 + 40 + 50)
  })
})

describe('single blocks', () => {
  const one: MaskOptions = { ...official, crops: 1, sampleProbability: 1, ratio: [0.5, 0.5] }
  /** The target, area, aspect and place of one block; then nothing fits any more. */
  const firstBlock = (seed: number): RandomStream => {
    const random = randomStream(seed)
    let drawn = 0
    const uniform = (): number => (drawn++ < 5 ? random.uniform() : NaN)
    return { uniform, normal: uniform }
  }
  const boxes = Array.from({ length: 2000 }, (_, seed) => blockMasks(one, firstBlock(seed)))
    .filter(({ count }) => count > 0)
    .map(({ masks }) => boxOf(masks, 16))

  it('are full rectangles with areas from 4 patches to the largest block', () => {
    const areas = boxes.map(({ height, width }) => height * width)
    expect(boxes.filter(({ full }) => !full)).toEqual([])
    expect(boxes.length).toBeGreaterThan(1700) // long ones of large area do not fit and are drawn again
    expect({ smallest: Math.min(...areas) <= 6, largest: Math.max(...areas) }).toEqual({ smallest: true, largest: expect.toSatisfy((area: number) => area > 110 && area <= 128) })
    // Blocks up to 60 patches always fit: uniform from 4 to 60.
    const fitting = areas.filter((area) => area <= 60)
    expect(Math.abs(fitting.filter((area) => area < 32).length / fitting.length - 0.5)).toBeLessThan(0.05)
  })

  it('have aspects from 0.3 to 1/0.3, as many tall as wide', () => {
    const aspects = boxes.filter(({ height, width }) => height * width > 40).map(({ height, width }) => height / width)
    const low = Math.min(...aspects)
    const high = Math.max(...aspects)
    // Edges are rounded: 3.5 × 11.7 becomes 4 × 12 or 3 × 12.
    expect({ low: low > 0.25 && low < 0.35, high: high > 1 / 0.35 && high < 4 }).toEqual({ low: true, high: true })
    const tall = aspects.filter((aspect) => aspect > 1).length / aspects.filter((aspect) => aspect !== 1).length
    expect(Math.abs(tall - 0.5)).toBeLessThan(0.05)
  })

  it('lie anywhere in the crop', () => {
    const random = (top: number, left: number): RandomStream & { readonly left: () => number } => played(0, 0, 0.5, top, left, ...Array.from({ length: 40 }, () => NaN))
    const corners = [random(0, 0), random(0, 0.999), random(0.999, 0), random(0.999, 0.999)].map((stream) => blockMasks(one, stream).indices[0])
    expect(corners).toEqual([0, 14, 14 * 16, 14 * 16 + 14])
  })
})
