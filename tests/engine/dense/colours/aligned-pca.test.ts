import { describe, expect, it } from 'vitest'
import { randomStream } from '../../../../src/engine/tensor'
import { alignedPcaColours, nearestOrthogonal } from '../../../../src/engine/dense/colours/aligned-pca'

const [patches, dim] = [64, 12]

/** Tokens whose structure is three smooth fields over the grid, each along its own direction; `mix` turns the features. */
function tokens(mix: (direction: number, column: number) => number, noise = 0.02): Float32Array {
  const random = randomStream(4)
  const fields = [(x: number, y: number) => 3 * Math.sin(x / 2) + 0 * y, (x: number, y: number) => 2.5 * Math.cos(y / 2) + 0 * x, (x: number, y: number) => 2 * Math.sin((x + y) / 3)]
  return Float32Array.from({ length: patches * dim }, (_, index) => {
    const [patch, column] = [Math.floor(index / dim), index % dim]
    return fields.reduce((sum, field, direction) => sum + field(patch % 8, Math.floor(patch / 8)) * mix(direction, column), noise * random.normal())
  })
}

const meanDifference = (left: Uint8Array, right: Uint8Array): number => left.reduce((sum, value, index) => sum + Math.abs(value - right[index]!), 0) / left.length

describe('PCA colours through time', () => {
  const first = alignedPcaColours(tokens((direction, column) => (column === direction ? 1 : 0)), dim, undefined)

  it('use the whole range of each channel, the same every time', () => {
    expect(first).toEqual(alignedPcaColours(tokens((direction, column) => (column === direction ? 1 : 0)), dim, undefined))
    for (const channel of [0, 1, 2]) {
      const values = first.filter((_, index) => index % 3 === channel)
      expect([Math.min(...values), Math.max(...values)]).toEqual([0, 255])
    }
  })

  it.each<readonly [string, (direction: number, column: number) => number]>([
    ['change sign', (direction, column) => (column === direction ? -1 : 0)],
    ['move to other dimensions', (direction, column) => (column === 11 - direction ? 1 : 0)],
    ['trade places in strength', (direction, column) => (column === direction ? [0.5, 0.8, 1.6][direction]! : 0)],
    ['mix', (direction, column) => Math.cos(1 + direction * 2.1 + column * (0.7 + 0.4 * direction))],
  ])('stay when the features %s, which alone would change them', (_what, mix) => {
    const alone = alignedPcaColours(tokens(mix), dim, undefined)
    const aligned = alignedPcaColours(tokens(mix), dim, first)
    expect(meanDifference(aligned, first)).toBeLessThan(16)
    expect(meanDifference(aligned, first)).toBeLessThan(meanDifference(alone, first) / 1.5 + 2)
  })

  it('start afresh where the grid is another', () => {
    const mix = (direction: number, column: number): number => (column === direction ? 1 : 0)
    expect(alignedPcaColours(tokens(mix), dim, new Uint8Array(30))).toEqual(first)
  })

  it('are grey for patches that are all the same', () => {
    expect([...new Set(alignedPcaColours(new Float32Array(patches * dim).fill(2), dim, first))]).toEqual([128])
  })
})

describe('the nearest orthogonal matrix', () => {
  const multiply = (a: readonly number[], b: readonly number[]): number[] => a.map((_, index) => [0, 1, 2].reduce((sum, k) => sum + a[Math.floor(index / 3) * 3 + k]! * b[k * 3 + (index % 3)]!, 0))
  const turn = [0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6]
  const rounded = (matrix: readonly number[]): number[] => matrix.map((value) => Number(value.toFixed(9)) + 0)

  it.each([
    ['a stretched turn', multiply(turn, [5, 0, 0, 0, 2, 0, 0, 0, 0.1]), undefined],
    ['a mirrored one', turn.map((value, index) => (index < 3 ? -value : value)), undefined],
    ['a symmetric stretch', [4, 1, 0, 1, 3, 0, 0, 0, 2], [1, 0, 0, 0, 1, 0, 0, 0, 1]],
  ])('of %s is orthogonal and leaves a symmetric rest', (_what, matrix, expected) => {
    const nearest = nearestOrthogonal(matrix)
    const transposed = nearest.map((_value, index) => nearest[(index % 3) * 3 + Math.floor(index / 3)]!)
    const rest = multiply(transposed, matrix)
    expect(rounded(multiply(transposed, nearest))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
    expect(rounded(rest)).toEqual(rounded(rest.map((_value, index) => rest[(index % 3) * 3 + Math.floor(index / 3)]!)))
    if (expected !== undefined) expect(rounded(nearest)).toEqual(expected)
  })

  it('of nothing is the identity', () => {
    expect(nearestOrthogonal(Array<number>(9).fill(0))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
  })
})
