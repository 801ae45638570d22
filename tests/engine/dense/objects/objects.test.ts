/** @file Finding the object of a picture: the same as by plain loops and a dense eigenvalue solver. */
import { describe, expect, it } from 'vitest'
import { lost, maxGraphPatches, normalisedCut, similarityGraph, tokenCut, type ObjectFeatures } from '../../../../src/engine/dense'
import { randomStream } from '../../../../src/engine/tensor'
import { boxIou, jacobi, naiveLost, naiveTokenCut } from '../../../helpers/naive-objects'
import { plainProducts, randomSet } from '../../../helpers/vector-sets'

const options = { products: plainProducts, signal: new AbortController().signal }

/** Keys of a scene: a background that changes slowly, `things` ellipses on it with keys of their own, and noise. */
function scene(seed: number, { width = 14, height = 10, dim = 16, things = 1, noise = 0.4 } = {}): ObjectFeatures {
  const random = randomStream(seed)
  const direction = (): number[] => Array.from({ length: dim }, () => random.normal())
  const [background, drift] = [direction(), direction()]
  const ellipses = Array.from({ length: things }, () => ({
    x: width * (0.2 + 0.6 * random.uniform()),
    y: height * (0.2 + 0.6 * random.uniform()),
    across: width * (0.12 + 0.15 * random.uniform()),
    down: height * (0.12 + 0.15 * random.uniform()),
    key: direction(),
  }))
  const keys = Array.from({ length: width * height }, (_, cell) => {
    const [x, y] = [cell % width, Math.floor(cell / width)]
    const thing = ellipses.find((ellipse) => ((x - ellipse.x) / ellipse.across) ** 2 + ((y - ellipse.y) / ellipse.down) ** 2 < 1)
    return background.map((value, column) => (thing?.key[column] ?? value + (0.5 * x * drift[column]!) / width) + noise * random.normal())
  })
  return { keys: Float32Array.from(keys.flat()), dim, grid: { height, width } }
}

const noStructure = (seed: number): ObjectFeatures => ({ keys: randomSet(120, 6, seed).matrix, dim: 6, grid: { height: 10, width: 12 } })

const sets: readonly (readonly [string, ObjectFeatures])[] = [
  ...Array.from({ length: 8 }, (_, seed) => [`one thing (${seed})`, scene(seed)] as const),
  ...Array.from({ length: 5 }, (_, seed) => [`three things (${seed})`, scene(50 + seed, { things: 3, noise: 0.6 })] as const),
  ...Array.from({ length: 4 }, (_, seed) => [`a thing in much noise (${seed})`, scene(80 + seed, { noise: 1.2 })] as const),
  ...Array.from({ length: 5 }, (_, seed) => [`no structure (${seed})`, noStructure(seed)] as const),
]

const asLists = ({ keys, dim, grid }: ObjectFeatures) => ({
  keys: Array.from({ length: keys.length / dim }, (_, patch) => [...keys.subarray(patch * dim, (patch + 1) * dim)]),
  width: grid.width,
})

describe('TokenCut', () => {
  it.each(sets)('finds what plain loops find: %s', async (_what, features) => {
    const [found, naive] = [await tokenCut(features, options), naiveTokenCut(asLists(features))]
    expect(boxIou(found.box, naive.box)).toBe(1)
    // Patches with the same neighbours have the same y, and which of them is taken is left to rounding.
    expect(naive.field[found.seed]! / naive.field[naive.seed]!).toBeCloseTo(1, 3)
    const scale = Math.sqrt(found.field.reduce((sum, value) => sum + value * value, 0) / naive.field.reduce((sum, value) => sum + value * value, 0))
    const largest = Math.max(...naive.field.map(Math.abs)) * scale
    expect(Math.max(...found.field.map((value, patch) => Math.abs(value - naive.field[patch]! * scale))) / largest).toBeLessThan(1e-3)
  })

  it('says that nothing stands out where all keys are alike, and of a single patch', async () => {
    const alike = await tokenCut({ keys: new Float32Array(12 * 4).fill(0.3), dim: 4, grid: { height: 3, width: 4 } }, options)
    expect(alike).toEqual({ method: 'tokencut', mask: new Uint8Array(12), field: new Float32Array(12), box: [0, 0, 0, 0], seed: -1, note: 'Nothing stands out: the keys of all 12 patches are alike (cosine above 0.2)' })
    for (const keys of [new Float32Array(4), Float32Array.of(1, 2, 3, 4)]) expect((await tokenCut({ keys, dim: 4, grid: { height: 1, width: 1 } }, options)).seed).toBe(-1)
    const unlike = await tokenCut({ keys: Float32Array.from({ length: 36 }, (_, index) => (index % 7 === 0 ? 1 : 0)), dim: 6, grid: { height: 2, width: 3 } }, options)
    expect(unlike.field.every(Number.isFinite)).toBe(true)
  })

  it('refuses more patches than can be compared, and hears a cancel', async () => {
    await expect(tokenCut({ keys: new Float32Array(maxGraphPatches + 1), dim: 1, grid: { height: 1, width: maxGraphPatches + 1 } }, options)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    await expect(tokenCut(scene(1), { ...options, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

describe('LOST', () => {
  it.each(sets)('finds what plain loops find: %s', async (_what, features) => {
    const [{ mask, box, seed }, naive] = [await lost(features, options), naiveLost(asLists(features))]
    expect({ mask: [...mask], box: [...box], seed }).toEqual(naive)
  })

  it('says that nothing stands out where every patch is like as many others', async () => {
    const found = await lost({ keys: new Float32Array(12 * 4).fill(0.3), dim: 4, grid: { height: 3, width: 4 } }, options)
    expect(found).toEqual({ method: 'lost', mask: new Uint8Array(12), field: new Float32Array(12), box: [0, 0, 0, 0], seed: -1, note: 'Nothing stands out: each of the 12 patches is like 11 others' })
  })
})

describe('the cut through a graph', () => {
  it('has the second smallest eigenvalue, whether the graph is held by its edges or by its gaps', async () => {
    for (const [threshold, listed] of [[0.2, 'alike'], [-0.2, 'apart']] as const) {
      const graph = await similarityGraph(randomSet(60, 8, 3).matrix, 8, threshold, 1e-5, options)
      expect(graph.listed).toBe(listed)
      const member = (row: number, column: number): boolean => graph.columns.subarray(graph.starts[row], graph.starts[row + 1]).includes(column) === (listed === 'alike')
      const laplacian = Array.from({ length: 60 }, (_, i) => Array.from({ length: 60 }, (_value, j) => ((i === j ? graph.degrees[i]! : 0) - (member(i, j) ? 1 : 1e-5)) / Math.sqrt(graph.degrees[i]! * graph.degrees[j]!)))
      const rising = [...jacobi(laplacian).values].sort((a, b) => a - b)
      expect((await normalisedCut(graph, options.signal)).eigenvalue).toBeCloseTo(rising[1]!, 9)
    }
  })
})
