/** @file Linear CKA against HSIC with a centring matrix, and what it must not see: rotation, scale, a shift of the mean. */
import { describe, expect, it } from 'vitest'
import { linearCka, type ModelVectors } from '../../../../src/engine/collection'
import type { RowProducts } from '../../../../src/engine/inference'
import { randomStream } from '../../../../src/engine/tensor'
import { thrownBy } from '../../../helpers/thrown'
import { plainProducts } from '../../../helpers/vector-sets'

const options = { products: plainProducts, signal: new AbortController().signal }

function random(count: number, dim: number, seed: number): ModelVectors {
  const stream = randomStream(seed)
  return { dim, matrix: Float32Array.from({ length: count * dim }, (_, index) => stream.normal() + (index % dim)) }
}

type Matrix = readonly (readonly number[])[]
const rowsOf = ({ dim, matrix }: ModelVectors): Matrix => Array.from({ length: matrix.length / dim }, (_, row) => [...matrix.subarray(row * dim, (row + 1) * dim)])
const multiply = (a: Matrix, b: Matrix): Matrix => a.map((row) => b[0]!.map((_, column) => row.reduce((sum, value, index) => sum + value * b[index]![column]!, 0)))
const transpose = (a: Matrix): Matrix => a[0]!.map((_, column) => a.map((row) => row[column]!))
const trace = (a: Matrix): number => a.reduce((sum, row, index) => sum + row[index]!, 0)

/** HSIC(K, L) = tr(K H L H) / (n − 1)², Gretton et al. 2005, with the centring matrix written out. */
function hsic(x: Matrix, y: Matrix): number {
  const count = x.length
  const centring = x.map((_, row) => x.map((_value, column) => Number(row === column) - 1 / count))
  const [k, l] = [multiply(x, transpose(x)), multiply(y, transpose(y))]
  return trace(multiply(multiply(k, centring), multiply(l, centring))) / (count - 1) ** 2
}
const naiveCka = (x: Matrix, y: Matrix): number => hsic(x, y) / Math.sqrt(hsic(x, x) * hsic(y, y))

function permutations(count: number): number[][] {
  if (count === 1) return [[0]]
  return permutations(count - 1).flatMap((shorter) => Array.from({ length: count }, (_, at) => [...shorter.slice(0, at), count - 1, ...shorter.slice(at)]))
}

/** Half of what the other says, half noise. */
function related(left: ModelVectors, dim: number, seed: number): ModelVectors {
  const mixed = random(left.matrix.length / left.dim, dim, seed)
  return { dim, matrix: mixed.matrix.map((value, index) => 0.5 * value + left.matrix[Math.floor(index / dim) * left.dim + (index % left.dim)]!) }
}

describe('linear CKA', () => {
  it.each([
    ['pictures × pictures', 12, 20, 9],
    ['columns × columns', 60, 7, 5],
  ])('is HSIC over the norms, by %s', async (_how, count, p, q) => {
    const left = random(count, p, 1)
    for (const right of [random(count, q, 2), related(left, q, 3), left]) {
      const { cka } = await linearCka(left, right, options)
      expect(cka).toBeCloseTo(naiveCka(rowsOf(left), rowsOf(right)), 5)
    }
  })

  it('goes through the pictures in blocks with the same result', async () => {
    const left = random(5000, 4, 4)
    const right = related(left, 3, 5)
    const inner: number[] = []
    const counted: RowProducts = (a, b, dim) => {
      inner.push(dim)
      return plainProducts(a, b, dim)
    }
    const shares: number[] = []
    const { cka } = await linearCka(left, right, { ...options, products: counted, onProgress: (share) => shares.push(share) })
    expect([inner, shares]).toEqual([[2048, 2048, 2048, 2048, 2048, 2048, 904, 904, 904], [2048 / 5000, 4096 / 5000, 1, 1]])
    // The other way round, one product of all pictures with all.
    const centred = (of: ModelVectors): Float64Array[] => {
      const means = Array.from({ length: of.dim }, (_, column) => rowsOf(of).reduce((sum, row) => sum + row[column]!, 0) / 5000)
      return Array.from({ length: of.dim }, (_, column) => Float64Array.from({ length: 5000 }, (_value, row) => of.matrix[row * of.dim + column]! - means[column]!))
    }
    const norm = (a: Float64Array[], b: Float64Array[]): number => a.reduce((sum, x) => sum + b.reduce((part, y) => part + x.reduce((dot, value, row) => dot + value * y[row]!, 0) ** 2, 0), 0)
    const [x, y] = [centred(left), centred(right)]
    expect(cka).toBeCloseTo(norm(x, y) / Math.sqrt(norm(x, x) * norm(y, y)), 5)
  })

  it('is 1 for a layout that is turned, scaled and moved, and below for one whose axes are stretched', async () => {
    const left = random(30, 3, 6)
    const turn = [0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6]
    const turned = Float32Array.from(left.matrix, (_, index) => 7.5 * [0, 1, 2].reduce((sum, inner) => sum + left.matrix[Math.floor(index / 3) * 3 + inner]! * turn[inner * 3 + (index % 3)]!, 0) + 40 * (index % 3))
    const stretched = left.matrix.map((value, index) => value * [1, 6, 0.1][index % 3]!)
    const [same, other] = [await linearCka(left, { dim: 3, matrix: turned }, options), await linearCka(left, { dim: 3, matrix: stretched }, options)]
    expect(same.cka).toBeCloseTo(1, 5)
    expect(other.cka).toBeLessThan(0.9)
  })

  it('tells what a shuffle would give: the mean over all orders of the pictures', async () => {
    const left = random(5, 8, 7)
    const right = related(left, 6, 8)
    const { cka, byChance } = await linearCka(left, right, options)
    const [x, y] = [rowsOf(left), rowsOf(right)]
    const all = permutations(5).map((order) => naiveCka(x, order.map((row) => y[row]!)))
    expect(byChance).toBeCloseTo(all.reduce((sum, value) => sum + value, 0) / all.length, 5)
    expect(cka).toBeGreaterThan(byChance!)
  })

  it('is nothing where one model says the same of every picture, and refuses fewer than three', async () => {
    const flat = { dim: 2, matrix: Float32Array.from({ length: 20 }, (_, index) => 0.1 + 0.7 * (index % 2)) }
    expect(await linearCka(random(10, 4, 9), flat, options)).toEqual({ cka: undefined, byChance: undefined })
    expect(await thrownBy(() => linearCka(random(2, 4, 9), random(2, 4, 10), options))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => linearCka(random(3, 4, 9), random(4, 4, 10), options))).toMatchObject({ code: 'INTERNAL' })
  })
})
