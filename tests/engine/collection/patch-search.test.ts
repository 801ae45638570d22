import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodePatches, fitPatchBasis, openCodeProducts, packPatches, patchQuery, searchPatches, type CodeProducts, type PatchSearch } from '../../../src/engine/collection'
import { normaliseRows, openRowProducts, type RowProducts } from '../../../src/engine/inference'
import type { PatchBasis, StoredPatches } from '../../../src/engine/library'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'

let runtime: Runtime
let rowProducts: RowProducts
let products: CodeProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  rowProducts = (await openRowProducts(runtime)).products
  products = await openCodeProducts(runtime)
})
afterAll(() => runtime.dispose())

const name = (picture: number): string => picture.toString(16).padStart(64, '0')

/** Random codes on random orthonormal axes. */
function randomPatches(pictures: number, seed: number): { readonly basis: PatchBasis; readonly stored: StoredPatches[] } {
  const random = randomStream(seed)
  const [dim, dims] = [6, 4]
  // Axes along coordinates, each turned into its neighbour by some angle, stay orthonormal.
  const axes = new Float32Array(dims * dim)
  for (let axis = 0; axis < dims; axis++) axes[axis * dim + axis] = 1
  axes.set([Math.cos(0.3), 0, 0, 0, Math.sin(0.3), 0], 0)
  const basis: PatchBasis = { dim, dims, mean: Float32Array.from({ length: dim }, () => 0.2 * random.normal()), axes, explained: 0.9 }
  const stored = Array.from({ length: pictures }, (_, picture) => {
    const [gridHeight, gridWidth] = [1 + (picture % 3), 2]
    return { hash: name(picture), gridHeight, gridWidth, scale: 0.002 + 0.004 * random.uniform(), codes: Int8Array.from({ length: gridHeight * gridWidth * dims }, () => Math.round(254 * random.uniform()) - 127) }
  })
  return { basis, stored }
}

/** The definition in float64: decode every token, q · t̂ / |t̂| one by one. */
function plainSearch({ dim, dims, mean, axes }: PatchBasis, stored: readonly StoredPatches[], tokens: Float32Array, top: number): PatchSearch {
  const unit = normaliseRows(tokens, dim)
  const queries = Array.from({ length: tokens.length / dim }, (_, query) => unit.subarray(query * dim, (query + 1) * dim))
  const hits = stored.map(({ hash, gridHeight, gridWidth, scale, codes }) => {
    const cosines = Array.from({ length: gridHeight * gridWidth }, (_, patch) => {
      const token = Array.from(mean, (value, column) => value + Array.from({ length: dims }, (_axis, axis) => scale * codes[patch * dims + axis]! * axes[axis * dim + column]!).reduce((sum, part) => sum + part, 0))
      const length = Math.hypot(...token)
      return queries.map((query) => token.reduce((sum, value, column) => sum + value * query[column]!, 0) / length)
    })
    const score = Math.max(...cosines.map((all) => all.reduce((sum, cosine) => sum + cosine, 0) / queries.length))
    return { hash, score, gridHeight, gridWidth, cosine: Float32Array.from(cosines, (all) => Math.max(...all)) }
  })
  return { hits: hits.sort((a, b) => b.score - a.score).slice(0, top), searched: stored.length }
}

const rounded = ({ hits, searched }: PatchSearch): object => ({ searched, hits: hits.map((hit) => ({ ...hit, score: hit.score.toFixed(5), cosine: [...hit.cosine].map((cosine) => cosine.toFixed(5)) })) })

describe('patch search', () => {
  it.each([1, 5])('finds what a plain loop finds with %i query patches, over several chunks and grids of several sizes', async (count) => {
    const { basis, stored } = randomPatches(5000, 3)
    const random = randomStream(4)
    const tokens = Float32Array.from({ length: count * basis.dim }, () => 3 * random.normal())
    const chunks = [...packPatches(stored, basis)]
    expect({ chunks: chunks.length, whole: chunks.every(({ starts, pictures }) => starts.length === pictures.length + 1 && starts.at(-1)! <= 8192) }).toEqual({ chunks: 3, whole: true })
    const found = await searchPatches(packPatches(stored, basis), patchQuery(tokens, basis), { top: 10, products })
    expect(rounded(found)).toEqual(rounded(plainSearch(basis, stored, tokens, 10)))
  })

  it('gives all there are when more are wanted, equal ones by their content, in whatever order they come', async () => {
    const { basis, stored } = randomPatches(3, 5)
    const twins = [stored[0]!, { ...stored[0]!, hash: name(9) }, { ...stored[0]!, hash: name(8) }]
    const query = patchQuery(Float32Array.of(1, 0, 0, 0, 0, 0), basis)
    const orders = [twins, twins.toReversed()].map(async (pictures) => (await searchPatches(packPatches(pictures, basis), query, { top: 2, products })).hits.map(({ hash }) => hash))
    expect(await Promise.all(orders)).toEqual([
      [name(0), name(8)],
      [name(0), name(8)],
    ])
    expect(await searchPatches(packPatches([], basis), query, { top: 2, products })).toEqual({ hits: [], searched: 0 })
  })

  it('finds nine in ten of the exact nearest 20 pictures, with cosines near the exact ones', async () => {
    // Tokens as a trained model gives them: things seen in several pictures, each in many forms, most variance in few directions.
    const random = randomStream(7)
    const [dim, pictures, patches, things] = [192, 400, 16, 150]
    const spread = (index: number): number => (1 + index) ** -0.8
    const centres = Float32Array.from({ length: things * dim }, (_, at) => random.normal() * spread(at % dim))
    const tokens = Array.from({ length: pictures }, () => {
      const values = new Float32Array(patches * dim)
      for (let patch = 0; patch < patches; patch++) {
        const thing = Math.floor(random.uniform() * things)
        for (let index = 0; index < dim; index++) values[patch * dim + index] = centres[thing * dim + index]! + 0.5 * random.normal() * spread(index)
      }
      return normaliseRows(values, dim)
    })
    const joined = new Float32Array(pictures * patches * dim)
    tokens.forEach((values, picture) => { joined.set(values, picture * patches * dim) })
    const basis = await fitPatchBasis(joined, dim, rowProducts)
    const stored = await Promise.all(tokens.map(async (values, picture) => ({ hash: name(picture), gridHeight: 4, gridWidth: 4, ...(await encodePatches(basis, values, rowProducts)) })))

    let [same, worst] = [0, 0]
    const queries = 20
    for (let query = 0; query < queries; query++) {
      const token = tokens[query * 7]!.subarray(0, dim)
      const exact = tokens
        .map((values, picture) => ({ hash: name(picture), score: Math.max(...Array.from({ length: patches }, (_, patch) => values.subarray(patch * dim, (patch + 1) * dim).reduce((sum, value, index) => sum + value * token[index]!, 0))) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 20)
      const { hits } = await searchPatches(packPatches(stored, basis), patchQuery(token, basis), { top: 20, products })
      same += exact.filter(({ hash }) => hits.some((hit) => hit.hash === hash)).length
      for (const { hash, score } of exact) worst = Math.max(worst, Math.abs(score - (hits.find((hit) => hit.hash === hash)?.score ?? score)))
    }
    expect(same / (20 * queries)).toBeGreaterThanOrEqual(0.9)
    expect(worst).toBeLessThan(0.08)
  })

  it('stops between chunks when it is cancelled, and refuses tokens of another model', async () => {
    const { basis, stored } = randomPatches(20_000, 6)
    const controller = new AbortController()
    let runs = 0
    const cancelling: CodeProducts = (codes, queries, dims) => {
      if (++runs === 2) controller.abort(new Error('enough'))
      return products(codes, queries, dims)
    }
    await expect(searchPatches(packPatches(stored, basis), patchQuery(new Float32Array(6).fill(1), basis), { top: 2, products: cancelling, signal: controller.signal })).rejects.toThrow('enough')
    expect(runs).toBe(2)
    expect([await thrownBy(() => patchQuery(new Float32Array(0), basis)), await thrownBy(() => patchQuery(new Float32Array(7), basis))]).toMatchObject([{ code: 'BAD_REQUEST' }, { code: 'INTERNAL' }])
  })
})
