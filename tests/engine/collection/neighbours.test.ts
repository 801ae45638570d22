import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nearestNeighbours, unitVectors, type VectorSet } from '../../../src/engine/collection'
import { openRowProducts, type RowProducts } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'

const signal = new AbortController().signal

function randomSet(count: number, dim: number, seed: number): VectorSet {
  const random = randomStream(seed)
  return { dim, rows: Uint32Array.from({ length: count }, (_, row) => row), matrix: unitVectors(Float32Array.from({ length: count * dim }, () => random.normal()), dim, 'cls') }
}

/** The definition in float64: all cosines of one vector, sorted whole. */
function plainNeighbours({ dim, rows, matrix }: VectorSet, of: number, k: number): { readonly positions: number[]; readonly cosines: number[] } {
  const cosine = (other: number): number => {
    let sum = 0
    for (let index = 0; index < dim; index++) sum += matrix[of * dim + index]! * matrix[other * dim + index]!
    return sum
  }
  const sorted = Array.from(rows, (_, other) => ({ other, cosine: cosine(other) }))
    .filter(({ other }) => other !== of)
    .sort((a, b) => b.cosine - a.cosine || a.other - b.other)
    .slice(0, k)
  return { positions: sorted.map(({ other }) => other), cosines: sorted.map((one) => one.cosine) }
}

let runtime: Runtime
let products: RowProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  products = (await openRowProducts(runtime)).products
})
afterAll(() => runtime.dispose())

describe('exact neighbours', () => {
  it('are those of full sorts in float64, within a block, across blocks and at their edges', async () => {
    // Three blocks of 2048, the last with a single vector.
    const set = randomSet(4097, 12, 1)
    const { positions, cosines } = await nearestNeighbours(set, 7, { products, signal })
    for (const of of [0, 1, 2047, 2048, 3000, 4095, 4096]) {
      const expected = plainNeighbours(set, of, 7)
      expect({ of, positions: [...positions.subarray(7 * of, 7 * of + 7)] }).toEqual({ of, positions: expected.positions })
      const worst = Math.max(...expected.cosines.map((cosine, index) => Math.abs(cosine - cosines[7 * of + index]!)))
      expect(worst).toBeLessThan(1e-6)
    }
  })

  it('put the lower position first where cosines are equal, whichever block it is in', async () => {
    const matrix = new Float32Array(5000 * 2)
    for (let row = 0; row < 5000; row++) matrix[2 * row + (row % 2)] = 1
    const { positions, cosines } = await nearestNeighbours({ dim: 2, rows: Uint32Array.from({ length: 5000 }, (_, row) => row), matrix }, 3, { products, signal })
    expect([0, 4, 2049, 4998].map((of) => [...positions.subarray(3 * of, 3 * of + 3)])).toEqual([
      [2, 4, 6],
      [0, 2, 6],
      [1, 3, 5],
      [0, 2, 4],
    ])
    expect(new Set(cosines)).toEqual(new Set([1]))
  })

  it('say where there are fewer than were asked for', async () => {
    const { positions, cosines } = await nearestNeighbours(randomSet(3, 4, 2), 4, { products, signal })
    expect([[...positions.subarray(2, 4)], [...cosines.subarray(6, 8)]]).toEqual([
      [-1, -1],
      [-Infinity, -Infinity],
    ])
    expect(await nearestNeighbours(randomSet(0, 4, 2), 2, { products, signal })).toEqual({ k: 2, positions: new Int32Array(0), cosines: new Float32Array(0) })
  })

  it('report rising progress up to the number of vectors, and refuse a k of nothing', async () => {
    const done: number[] = []
    await nearestNeighbours(randomSet(4097, 4, 3), 1, { products, signal, onProgress: (count) => done.push(count) })
    expect({ last: done.at(-1), rising: done.every((count, index) => count >= (done[index - 1] ?? 0)), reports: done.length }).toEqual({ last: 4097, rising: true, reports: 6 })
    expect(await thrownBy(() => nearestNeighbours(randomSet(3, 4, 3), 0, { products, signal }))).toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('stop within a block when they are cancelled', async () => {
    const controller = new AbortController()
    let calls = 0
    const counted: RowProducts = (left, right, dim) => {
      if (++calls === 2) setImmediate(() => { controller.abort(new Error('enough')) })
      return products(left, right, dim)
    }
    await expect(nearestNeighbours(randomSet(9000, 4, 4), 2, { products: counted, signal: controller.signal })).rejects.toThrow('enough')
    expect(calls).toBeLessThan(5)
  })
})

describe('unit vectors', () => {
  it('give CLS and mean the same weight when both are asked for', () => {
    const one = unitVectors(Float32Array.of(3, 0, 0, 400, 0, 0, 0, 2), 4, 'cls+mean')
    const half = Math.SQRT1_2
    expect([...one].map((value) => value.toFixed(6))).toEqual([half, 0, 0, half, 0, 0, 0, 1].map((value) => value.toFixed(6)))
  })
})
