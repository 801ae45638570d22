/** @file Ward's merges against looking at all pairs anew at each step. */
import { describe, expect, it } from 'vitest'
import { wardTree } from '../../../src/engine/dense/ward'
import { randomStream } from '../../../src/engine/tensor'

interface Group {
  readonly id: number
  readonly mean: readonly number[]
  readonly size: number
}

const cost = (a: Group, b: Group): number => (a.mean.reduce((sum, value, column) => sum + (value - b.mean[column]!) ** 2, 0) * a.size * b.size) / (a.size + b.size)

function naive(groups: Group[]): { merges: number[][]; heights: number[] } {
  const [merges, heights]: [number[][], number[]] = [[], []]
  for (let next = groups.length; groups.length > 1; next++) {
    const pairs = groups.flatMap((a, index) => groups.slice(index + 1).map((b) => ({ a, b, cost: cost(a, b) })))
    const { a, b, cost: least } = pairs.reduce((best, pair) => (pair.cost < best.cost ? pair : best))
    const size = a.size + b.size
    merges.push([a.id, b.id].sort((x, y) => x - y))
    heights.push(Math.sqrt(2 * least))
    groups = groups.filter((group) => group !== b).map((group) => (group === a ? { id: next, size, mean: a.mean.map((value, column) => (value * a.size + b.mean[column]! * b.size) / size) } : group))
  }
  return { merges, heights }
}

const { signal } = new AbortController()

describe('wardTree', () => {
  it.each([1, 2, 3, 4, 5])('joins what raises the spread the least, seed %i', async (seed) => {
    const [count, dim] = [40, 3]
    const random = randomStream(seed)
    const vectors = Float32Array.from({ length: count * dim }, () => random.normal())
    const weights = Float32Array.from({ length: count }, () => 1 + Math.floor(9 * random.uniform()))
    const wanted = naive(Array.from({ length: count }, (_, id) => ({ id, mean: [...vectors.subarray(id * dim, (id + 1) * dim)], size: weights[id]! })))
    const { merges, heights } = await wardTree(vectors, weights, dim, signal)
    expect(Array.from({ length: count - 1 }, (_, step) => [...merges.subarray(2 * step, 2 * step + 2)])).toEqual(wanted.merges)
    for (const [step, height] of heights.entries()) expect(height).toBeCloseTo(wanted.heights[step]!, 4)
  })

  it('joins equal pairs in order of their places', async () => {
    const { merges } = await wardTree(Float32Array.of(0, 1, 10, 11), new Float32Array(4).fill(1), 1, signal)
    expect([...merges]).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('turns several thousand groups into one without n³ steps', async () => {
    const random = randomStream(7)
    const count = 2048
    const { heights } = await wardTree(Float32Array.from({ length: count * 4 }, () => random.normal()), new Float32Array(count).fill(1), 4, signal)
    expect(heights).toHaveLength(count - 1)
    for (let step = 1; step < heights.length; step++) expect(heights[step]).toBeGreaterThanOrEqual(heights[step - 1]! - 1e-4)
  })

  it('leaves the event loop its turns, and stops when it is told to', async () => {
    const random = randomStream(3)
    const [count, dim] = [512, 192]
    const vectors = Float32Array.from({ length: count * dim }, () => random.normal())
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    await wardTree(vectors, new Float32Array(count).fill(1), dim, signal)
    isOver = true
    expect(turns).toBeGreaterThan(20)
    const stop = new AbortController()
    const stopped = wardTree(vectors, new Float32Array(count).fill(1), dim, stop.signal)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
  })
})
