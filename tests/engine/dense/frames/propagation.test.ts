/** @file Labels carried through frames: as the reference's loops carry them, and to where a moving thing really is. */
import { describe, expect, it } from 'vitest'
import { carryLabels, classesOf, frameSize, oneHot, patchLabels, pixelLabels, resizeNearest, startPropagation } from '../../../../src/engine/dense'
import { randomStream } from '../../../../src/engine/tensor'
import { contourMeasure, naivePropagation, regionMeasure } from '../../../helpers/naive-frames'
import { plainProducts } from '../../../helpers/vector-sets'

const signal = new AbortController().signal

function largestDifference(found: Float32Array, expected: readonly (readonly number[])[]): number {
  return Math.max(...expected.flat().map((value, at) => Math.abs(value - found[at]!)))
}

describe('startPropagation', () => {
  it.each([
    { name: 'wider than the window, more frames than are kept', height: 5, width: 31, frames: 11, tied: false },
    { name: 'smaller than a tile', height: 3, width: 2, frames: 4, tied: false },
    { name: 'one patch', height: 1, width: 1, frames: 3, tied: false },
    { name: 'higher than the window', height: 29, width: 4, frames: 3, tied: false },
    { name: 'with equal tokens, so that there are ties', height: 9, width: 18, frames: 4, tied: true },
  ])('carries soft labels as the loops do: $name', async ({ height, width, frames, tied }) => {
    const dim = 6
    const random = randomStream(height * 100 + width)
    const token = (): number[] => (tied ? [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 2, 0, 0, 0]][Math.floor(3 * random.uniform())]! : Array.from({ length: dim }, () => random.normal()))
    const sequence = Array.from({ length: frames }, () => Array.from({ length: height * width }, token))
    const labels = Uint8Array.from({ length: height * width }, () => Math.floor(3 * random.uniform()))
    const soft = oneHot(labels, [0, 1, 2])
    const cells = height * width
    const expected = naivePropagation(sequence, [0, 1, 2].map((label) => [...soft.subarray(label * cells, (label + 1) * cells)]), width)

    const flat = sequence.map((rows) => Float32Array.from(rows.flat()))
    const { next } = startPropagation({ tokens: flat[0]!, soft }, { grid: { height, width }, dim, classes: 3, products: plainProducts, signal })
    for (const [index, tokens] of flat.slice(1).entries()) expect(largestDifference(await next(tokens), expected[index]!)).toBeLessThan(2e-5)
  })

  it('stops when it is cancelled', async () => {
    const first = { tokens: Float32Array.of(1, 0), soft: Float32Array.of(1) }
    const cancelled = { grid: { height: 1, width: 1 }, dim: 2, classes: 1, products: plainProducts, signal: AbortSignal.abort(new Error('enough')) }
    await expect(carryLabels(first.tokens, [first], cancelled)).rejects.toThrow('enough')
  })
})

describe('a thing that moves, changes its size and has a neighbour', () => {
  const patch = 8
  const grid = { height: 24, width: 32 }
  const size = { height: grid.height * patch, width: grid.width * patch }
  const dim = 12
  /** A disc on its way to the right, growing; a square that goes down. */
  const truthAt = (frame: number): Uint8Array =>
    Uint8Array.from({ length: size.height * size.width }, (_, at) => {
      const [x, y] = [at % size.width, Math.floor(at / size.width)]
      if (Math.hypot(x - 70 - 6 * frame, y - 70 - 2 * frame) < 38 + frame) return 1
      return Math.abs(x - 205) < 26 && Math.abs(y - 50 - 5 * frame) < 26 ? 2 : 0
    })
  /** Tokens that make it possible: what is in a patch, by area, each thing its own direction, and noise of a fifth. */
  const tokensOf = (truth: Uint8Array, frame: number): Float32Array => {
    const random = randomStream(500 + frame)
    const tokens = new Float32Array(grid.height * grid.width * dim)
    for (let at = 0; at < truth.length; at++) {
      const cell = Math.floor(Math.floor(at / size.width) / patch) * grid.width + Math.floor((at % size.width) / patch)
      tokens[cell * dim + truth[at]!]! += 1 / patch ** 2
    }
    return tokens.map((value) => value + 0.06 * random.normal())
  }

  it('is followed through 16 frames with J&F of at least 0.9', async () => {
    const first = truthAt(0)
    const classes = classesOf(first)
    expect(classes).toEqual([0, 1, 2])
    const small = resizeNearest({ labels: first, ...size }, grid)
    const { next } = startPropagation({ tokens: tokensOf(first, 0), soft: oneHot(small.labels, classes) }, { grid, dim, classes: 3, products: plainProducts, signal })
    const measures: number[] = []
    for (let frame = 1; frame < 16; frame++) {
      const truth = truthAt(frame)
      const found = await pixelLabels(await next(tokensOf(truth, frame)), classes, grid, size)
      for (const label of [1, 2]) measures.push((regionMeasure(found.labels, truth, label) + contourMeasure(found.labels, truth, size.width, label)) / 2)
    }
    expect(measures.reduce((sum, value) => sum + value, 0) / measures.length).toBeGreaterThan(0.9)
    expect(Math.min(...measures)).toBeGreaterThan(0.8)
  })

  it('is measured as DAVIS measures: what is shifted by more than the tolerance loses its contour, what is away everything', () => {
    const truth = truthAt(0)
    const shifted = Uint8Array.from(truth, (_, at) => truth[Math.max(0, at - 20)]!)
    expect([regionMeasure(truth, truth, 1), contourMeasure(truth, truth, size.width, 1)]).toEqual([1, 1])
    expect(regionMeasure(shifted, truth, 1)).toBeLessThan(0.6)
    expect(contourMeasure(shifted, truth, size.width, 1)).toBeLessThan(0.6)
    expect([regionMeasure(new Uint8Array(truth.length), truth, 1), contourMeasure(new Uint8Array(truth.length), truth, size.width, 1)]).toEqual([0, 0])
  })
})

describe('the way from soft labels to hard ones', () => {
  it('stretches each class to 0..1 before it compares them', async () => {
    // Class 5 never reaches a half, but where it is likeliest it wins.
    const soft = Float32Array.of(1, 0.9, 0.7, 1, 0, 0.1, 0.3, 0)
    expect(await patchLabels(soft, [0, 5])).toEqual(Uint8Array.of(0, 0, 5, 0))
  })

  it('keeps a class that fills the frame, and never gives one that is nowhere', async () => {
    expect(await patchLabels(Float32Array.of(0, 0, 1, 1), [0, 9])).toEqual(Uint8Array.of(9, 9))
    expect(await patchLabels(Float32Array.of(1, 1, 0, 0), [0, 9])).toEqual(Uint8Array.of(0, 0))
  })

  it('enlarges bilinearly: the border runs half way between centres', async () => {
    const { labels } = await pixelLabels(Float32Array.of(1, 0, 0, 1), [0, 1], { height: 1, width: 2 }, { height: 4, width: 8 })
    expect([...labels.subarray(0, 8)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
  })

  it('takes the value under the middle of each new cell', () => {
    expect(resizeNearest({ labels: Uint8Array.of(0, 1, 2, 3, 4, 5), height: 2, width: 3 }, { height: 1, width: 2 })).toEqual({ labels: Uint8Array.of(3, 5), height: 1, width: 2 })
  })
})

describe('frameSize', () => {
  it.each([
    { what: 'DAVIS by patches of 16', frame: { height: 480, width: 854 }, size: 480, patch: 16, expected: { height: 480, width: 832 } },
    { what: 'DAVIS by patches of 8', frame: { height: 1080, width: 1920 }, size: 480, patch: 8, expected: { height: 480, width: 832 } },
    { what: 'an upright frame', frame: { height: 854, width: 480 }, size: 480, patch: 16, expected: { height: 832, width: 480 } },
    { what: 'a square one, of which the reference cuts one side', frame: { height: 300, width: 300 }, size: 480, patch: 16, expected: { height: 480, width: 448 } },
    { what: 'patches of 14', frame: { height: 480, width: 854 }, size: 480, patch: 14, expected: { height: 476, width: 840 } },
    { what: 'less than a patch', frame: { height: 5, width: 5 }, size: 5, patch: 16, expected: { height: 16, width: 16 } },
    { what: 'less than 64 pixels', frame: { height: 40, width: 50 }, size: 40, patch: 8, expected: { height: 40, width: 48 } },
  ])('of $what', ({ frame, size, patch, expected }) => {
    expect(frameSize(frame, size, patch)).toEqual(expected)
  })
})
