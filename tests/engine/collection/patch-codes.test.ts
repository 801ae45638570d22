/** @file Compact patch tokens: the axes of plain loops, codes that any reader of the definition gives, and an honest cost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodePatches, encodePatches, fitPatchBasis, measurePatchCost, patchCosines, patchCost } from '../../../src/engine/collection'
import { openRowProducts, type RowProducts } from '../../../src/engine/inference'
import type { PatchBasis } from '../../../src/engine/library'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { maxDifference } from '../../helpers/tensors'
import { thrownBy } from '../../helpers/thrown'

let runtime: Runtime
let products: RowProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  products = (await openRowProducts(runtime)).products
})
afterAll(() => runtime.dispose())

/** Tokens around a mean, spread along mixed directions of falling weight. float32 [count, dim] */
function tokensLike(count: number, dim: number, seed: number, decay = 0.93): Float32Array {
  const mixing = randomStream(7)
  const directions = Array.from({ length: dim }, (_, index) => Float64Array.from({ length: dim }, () => (mixing.normal() * decay ** index) / Math.sqrt(dim)))
  const random = randomStream(seed)
  const tokens = new Float32Array(count * dim)
  for (let row = 0; row < count; row++) {
    for (const direction of directions) {
      const weight = random.normal()
      for (let column = 0; column < dim; column++) tokens[row * dim + column]! += weight * direction[column]!
    }
    for (let column = 0; column < dim; column++) {
      const value = tokens[row * dim + column] ?? 0
      tokens[row * dim + column] = 3 * (value + 0.05 * Math.sin(column))
    }
  }
  return tokens
}

const rowsOf = (matrix: ArrayLike<number>, dim: number): number[][] => Array.from({ length: matrix.length / dim }, (_, row) => Array.from({ length: dim }, (_value, column) => matrix[row * dim + column]!))
const plainDot = (left: readonly number[], right: readonly number[]): number => left.reduce((sum, value, index) => sum + value * right[index]!, 0)
const plainUnit = (row: readonly number[]): number[] => row.map((value) => value / Math.sqrt(plainDot(row, row)))

/** Variance of centred unit rows along unit directions, by definition. */
function varianceAlong(rows: readonly number[][], directions: readonly number[][]): number[] {
  const units = rows.map(plainUnit)
  const mean = units[0]!.map((_, column) => units.reduce((sum, row) => sum + row[column]!, 0) / units.length)
  const centred = units.map((row) => row.map((value, column) => value - mean[column]!))
  return directions.map((direction) => centred.reduce((sum, row) => sum + plainDot(row, direction) ** 2, 0) / centred.length)
}

/** All eigenvalues of the covariance of centred unit rows, falling: cyclic Jacobi rotations in float64. */
function plainEigenvalues(rows: readonly number[][]): number[] {
  const units = rows.map(plainUnit)
  const dim = units[0]!.length
  const mean = units[0]!.map((_, column) => units.reduce((sum, row) => sum + row[column]!, 0) / units.length)
  const a = mean.map((_, i) => mean.map((_value, j) => units.reduce((sum, row) => sum + (row[i]! - mean[i]!) * (row[j]! - mean[j]!), 0) / units.length))
  for (let sweep = 0; sweep < 12; sweep++)
    for (let p = 0; p < dim; p++)
      for (let q = p + 1; q < dim; q++) {
        if (Math.abs(a[p]![q]!) < 1e-18) continue
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!)
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const [c, s] = [1 / Math.sqrt(t * t + 1), t / Math.sqrt(t * t + 1)]
        for (let k = 0; k < dim; k++) [a[k]![p], a[k]![q]] = [c * a[k]![p]! - s * a[k]![q]!, s * a[k]![p]! + c * a[k]![q]!]
        for (let k = 0; k < dim; k++) [a[p]![k], a[q]![k]] = [c * a[p]![k]! - s * a[q]![k]!, s * a[p]![k]! + c * a[q]![k]!]
      }
  return a.map((row, index) => row[index]!).sort((left, right) => right - left)
}

describe('fitPatchBasis', () => {
  it('gives orthonormal axes that hold as much variance as the eigenvectors of the covariance', async () => {
    const dim = 96
    const tokens = tokensLike(1500, dim, 1)
    const basis = await fitPatchBasis(tokens, dim, products)
    const [axes, rows] = [rowsOf(basis.axes, dim), rowsOf(tokens, dim)]
    const along = varianceAlong(rows, axes)
    const eigenvalues = plainEigenvalues(rows)
    const grams = axes.flatMap((left, i) => axes.map((right, j) => plainDot(left, right) - Number(i === j)))
    const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
    // One scale serves all codes of a picture, so no axis may hold more than another.
    expect({ dim: basis.dim, dims: basis.dims, even: along.every((value) => Math.abs((64 * value) / total(along) - 1) < 0.01) }).toEqual({ dim, dims: 64, even: true })
    expect(Math.max(...grams.map(Math.abs))).toBeLessThan(1e-5)
    expect(total(along) / total(eigenvalues.slice(0, 64))).toBeGreaterThan(0.999)
    expect(Math.abs(basis.explained - total(along) / total(eigenvalues))).toBeLessThan(1e-4)
  })

  it('is the same for the same sample, whatever the length of each token', async () => {
    const dim = 80
    const tokens = tokensLike(300, dim, 2)
    const longer = tokens.map((value, index) => value * (1 + Math.floor(index / dim) % 4))
    const [first, again, scaled] = [await fitPatchBasis(tokens, dim, products), await fitPatchBasis(tokens, dim, products), await fitPatchBasis(longer, dim, products)]
    expect(again).toEqual(first)
    expect(maxDifference(scaled.mean, first.mean)).toBeLessThan(1e-6)
  })

  it('keeps all dimensions where there are fewer than 64, and all variance with them', async () => {
    const basis = await fitPatchBasis(tokensLike(200, 12, 3), 12, products)
    expect({ dims: basis.dims, explained: basis.explained > 0.99999 }).toEqual({ dims: 12, explained: true })
  })

  it.each([
    ['too few tokens', tokensLike(63, 96, 4), 'patch basis: 63 patch tokens are too few for 64 directions'],
    ['tokens that are no numbers', tokensLike(100, 96, 4).fill(NaN, 5, 6), 'patch basis: some of the patch tokens are no numbers'],
  ])('refuses %s', async (_title, tokens, message) => {
    expect(await thrownBy(() => fitPatchBasis(tokens, 96, products))).toMatchObject({ code: 'BAD_REQUEST', message })
  })
})

describe('codes of patches', () => {
  const dim = 96
  let basis: PatchBasis
  beforeAll(async () => {
    basis = await fitPatchBasis(tokensLike(1500, dim, 1), dim, products)
  })

  it('are the rounded coordinates of the definition, the largest at 127', async () => {
    const tokens = tokensLike(20, dim, 5)
    const { codes, scale } = await encodePatches(basis, tokens, products)
    const coordinates = rowsOf(tokens, dim).map((row) => rowsOf(basis.axes, dim).map((axis) => plainDot(plainUnit(row).map((value, column) => value - basis.mean[column]!), axis)))
    const plain = coordinates.flat().map((value) => value / scale)
    expect(Math.max(...codes.map(Math.abs))).toBe(127)
    // Half a step, and what float32 adds.
    expect(maxDifference(codes, plain)).toBeLessThan(0.501)
  })

  it('decode to mean + scale · codes · axes', async () => {
    const codes = await encodePatches(basis, tokensLike(20, dim, 5), products)
    const plain = rowsOf(codes.codes, basis.dims).flatMap((row) => Array.from(basis.mean, (mean, column) => mean + row.reduce((sum, code, axis) => sum + codes.scale * code * basis.axes[axis * dim + column]!, 0)))
    expect(maxDifference(await decodePatches(basis, codes, products), plain)).toBeLessThan(1e-6)
  })

  it('cost what their cosines with the exact tokens say', async () => {
    const pictures = [6, 7, 8].map((seed) => tokensLike(50, dim, seed))
    const cosines: number[] = []
    for (const tokens of pictures) {
      const codes = await encodePatches(basis, tokens, products)
      const kept = rowsOf(await decodePatches(basis, codes, products), dim)
      const own = rowsOf(tokens, dim).map((row, patch) => plainDot(plainUnit(row), plainUnit(kept[patch]!)))
      expect(maxDifference(await patchCosines(basis, tokens, codes, products), own)).toBeLessThan(1e-6)
      cosines.push(...own)
    }
    const sorted = cosines.toSorted((a, b) => a - b)
    const cost = await measurePatchCost(basis, pictures, products)
    expect(cost).toEqual({
      patches: 150,
      meanCosine: expect.closeTo(cosines.reduce((sum, value) => sum + value, 0) / 150, 6),
      worstPercentCosine: expect.closeTo(sorted[1]!, 6),
      explained: basis.explained,
      bytesPerImage: 50 * 64 + 4,
    })
    expect({ worse: cost!.worstPercentCosine < cost!.meanCosine, good: cost!.meanCosine > 0.99 }).toEqual({ worse: true, good: true })
  })

  it('tell no cost of nothing', () => {
    expect(patchCost(basis, new Float32Array(0), 256)).toBeUndefined()
  })

  it('of a picture whose tokens are all the mean decode to it', async () => {
    const unit = basis.mean.map((value) => value / Math.hypot(...basis.mean))
    const flat: PatchBasis = { ...basis, mean: unit }
    const codes = await encodePatches(flat, unit, products)
    expect(maxDifference(await decodePatches(flat, codes, products), unit)).toBeLessThan(1e-6)
  })
})
