/** @file Colours of one picture by two models: the same colour for the same thing, whatever their features and grids are. */
import { describe, expect, it } from 'vitest'
import { pairColours, type LookedPatches } from '../../../../src/engine/dense'
import { turnTowards } from '../../../../src/engine/dense/colours/aligned-pca'
import { randomStream } from '../../../../src/engine/tensor'

const whole = { left: 0, top: 0, width: 1, height: 1 }
type Mix = (field: number, column: number) => number

/** Three fields over the picture, seen by a model with its own features, grid and part of the picture. */
function look(mix: Mix, { dim = 12, height = 16, width = 20, extent = whole, noise = 0.01 } = {}): LookedPatches {
  const random = randomStream(dim)
  const fields = [(x: number, _y: number) => 3 * Math.sin(5 * x), (_x: number, y: number) => 2.4 * Math.cos(4 * y), (x: number, y: number) => 1.9 * Math.sin(4 * x + 5 * y)]
  const tokens = Float32Array.from({ length: height * width * dim }, (_, index) => {
    const [patch, column] = [Math.floor(index / dim), index % dim]
    const x = extent.left + (((patch % width) + 0.5) / width) * extent.width
    const y = extent.top + ((Math.floor(patch / width) + 0.5) / height) * extent.height
    return fields.reduce((sum, field, number) => sum + field(x, y) * mix(number, column), noise * random.normal())
  })
  return { tokens, dim, grid: { height, width }, extent }
}

const plain: Mix = (field, column) => Number(field === column)
const mixed: Mix = (field, column) => [0.7, 1, 1.5][field]! * Math.cos(1 + 2.1 * field + column * (0.7 + 0.4 * field))

/** Mean difference of colours between one look and the nearest patches of another. */
function difference(left: Uint8Array, right: Uint8Array, a: LookedPatches, b: LookedPatches): number {
  let [sum, count] = [0, 0]
  for (let patch = 0; patch < b.grid.height * b.grid.width; patch++) {
    const x = (b.extent.left + (((patch % b.grid.width) + 0.5) / b.grid.width) * b.extent.width - a.extent.left) / a.extent.width
    const y = (b.extent.top + ((Math.floor(patch / b.grid.width) + 0.5) / b.grid.height) * b.extent.height - a.extent.top) / a.extent.height
    if (x < 0 || x >= 1 || y < 0 || y >= 1) continue
    const there = Math.floor(y * a.grid.height) * a.grid.width + Math.floor(x * a.grid.width)
    for (let channel = 0; channel < 3; channel++) sum += Math.abs(left[3 * there + channel]! - right[3 * patch + channel]!)
    count += 3
  }
  return sum / count
}

describe('colours of two models', () => {
  it.each([
    ['the same grid', { dim: 24 }],
    ['a finer grid', { dim: 24, height: 29, width: 37 }],
    ['a coarser grid', { dim: 9, height: 9, width: 11 }],
    ['a look at the middle alone', { dim: 24, extent: { left: 0.2, top: 0.1, width: 0.6, height: 0.8 } }],
  ])('agree where the models see the same in other features, on %s', async (_what, form) => {
    const [a, b] = [look(plain), look(mixed, form)]
    const { left, right, agreement } = await pairColours(a, b)
    expect(agreement).toBeGreaterThan(0.95)
    // Half a patch of a grid apart, and the looks differ in what the extreme percents are.
    expect(difference(left, right, a, b)).toBeLessThan(14)
    const unaligned = (await pairColours(look(mixed, form), look(mixed, form))).left
    expect(difference(left, unaligned, a, b)).toBeGreaterThan(40)
  })

  it('are the same to the bit for the same model, and for the same one mirrored nearly so', async () => {
    const a = look(plain)
    const same = await pairColours(a, a)
    expect(same.right).toEqual(same.left)
    expect(same.agreement).toBeCloseTo(1, 9)
    const { right } = await pairColours(a, { ...a, tokens: a.tokens.map((value) => -value) })
    expect(difference(same.left, right, a, a)).toBeLessThan(1)
  })

  it('do not pretend to agree where the models see different things', async () => {
    const noise = randomStream(3)
    const a = look(plain)
    const { agreement } = await pairColours(a, { ...a, tokens: a.tokens.map(() => noise.normal()) })
    expect(agreement).toBeLessThan(0.3)
  })

  it('are grey, and agree in nothing, where a model says the same everywhere', async () => {
    const a = look(plain)
    const { right, agreement } = await pairColours(a, { ...a, tokens: a.tokens.map(() => 2) })
    expect([[...new Set(right)].length <= 3, agreement]).toEqual([true, 0])
  })
})

describe('the turn', () => {
  it('is the best of all orthogonal ones: no small turn or mirroring brings the scores nearer', () => {
    const random = randomStream(8)
    const [scores, target] = [Float64Array.from({ length: 90 }, () => random.normal()), Float64Array.from({ length: 90 }, () => random.normal())]
    const distance = (turn: readonly number[]): number => {
      let sum = 0
      for (let row = 0; row < 30; row++)
        for (let channel = 0; channel < 3; channel++) sum += ([0, 1, 2].reduce((part, inner) => part + scores[row * 3 + inner]! * turn[inner * 3 + channel]!, 0) - target[row * 3 + channel]!) ** 2
      return sum
    }
    // The target's mean is taken away by the function; here it is, too.
    for (let channel = 0; channel < 3; channel++) {
      const mean = Array.from({ length: 30 }, (_, row) => target[row * 3 + channel]!).reduce((sum, value) => sum + value, 0) / 30
      for (let row = 0; row < 30; row++) target[row * 3 + channel]! -= mean
    }
    const best = turnTowards(scores, target)
    const multiply = (a: readonly number[], b: readonly number[]): number[] => a.map((_, index) => [0, 1, 2].reduce((sum, inner) => sum + a[Math.floor(index / 3) * 3 + inner]! * b[inner * 3 + (index % 3)]!, 0))
    for (let trial = 0; trial < 200; trial++) {
      // A random orthogonal matrix: Gram-Schmidt of random vectors.
      const rows: number[][] = []
      for (let axis = 0; axis < 3; axis++) {
        const row = [0, 1, 2].map((column) => (trial % 2 === 0 ? Number(axis === column) + 0.1 * random.normal() : random.normal()))
        for (const other of rows) {
          const along = row.reduce((sum, value, index) => sum + value * other[index]!, 0)
          row.forEach((_, index) => { row[index]! -= along * other[index]! })
        }
        const length = Math.hypot(...row)
        rows.push(row.map((value) => value / length))
      }
      expect(distance(multiply(best, rows.flat()))).toBeGreaterThan(distance(best) * 0.999)
    }
  })
})
