/** @file Which pictures two models are compared by: those with vectors of both, the same ones each time where there are too many. */
import { describe, expect, it } from 'vitest'
import type { EngineState } from '../../../src/engine/host/engine-state'
import { commonVectors } from '../../../src/engine/host/model-pairs/common-vectors'
import { defaultPreprocessing } from '../../../src/engine/weights'
import { smallConfigs } from '../../helpers/small-models'
import { thrownBy } from '../../helpers/thrown'

const dims = { one: 2, two: 3 }
type Model = keyof typeof dims

interface Given {
  readonly pictures: number
  /** Pictures without vectors of a model, and those whose stored ones are damaged. */
  readonly without?: Readonly<Partial<Record<Model, readonly number[]>>>
  readonly damaged?: Readonly<Partial<Record<Model, readonly number[]>>>
}

/** An engine of so many pictures, whose vectors say which they are: row and model. */
function engineOf({ pictures, without = {}, damaged = {} }: Given): EngineState {
  const table = (model: Model) => ({
    hashes: () => Promise.resolve(new Set(Array.from({ length: pictures }, (_, row) => row).filter((row) => without[model]?.includes(row) !== true).map(String))),
    read: (hashes: readonly string[]) => {
      const found = Uint32Array.from(hashes.keys()).filter((position) => damaged[model]?.includes(Number(hashes[position])) !== true)
      const matrix = Float32Array.from({ length: found.length * dims[model] }, (_, index) => Number(hashes[found[Math.floor(index / dims[model])]!]) + (index % dims[model]) / 10)
      return Promise.resolve({ found, matrix })
    },
  })
  const manifest = (model: Model) => ({ weights: { sha256: model }, config: { ...smallConfigs.dinov2, dim: dims[model] }, preprocessing: defaultPreprocessing })
  return {
    libraries: { images: () => Array.from({ length: pictures }, (_, row) => ({ hash: String(row), gone: false })) },
    models: { find: (model: Model) => Promise.resolve({ manifest: manifest(model) }) },
    store: Promise.resolve({ vectors: ({ sha256 }: { readonly sha256: Model }) => Promise.resolve(table(sha256)) }),
  } as unknown as EngineState
}

const request = { libraryId: 'l', rows: undefined, modelA: 'one', modelB: 'two', pooling: 'cls' } as const
const of = (given: Given, most?: number) => commonVectors(engineOf(given), request, [], most)
/** The vectors that pictures of some rows have. */
const vectorsOf = (rows: Uint32Array, dim: number): Float32Array => Float32Array.from({ length: rows.length * dim }, (_, index) => rows[Math.floor(index / dim)]! + (index % dim) / 10)

describe('the pictures that two models are compared by', () => {
  it('have whole vectors of both, each in its place', async () => {
    const { rows, of: all, a, b } = await of({ pictures: 9, without: { one: [0, 4], two: [8] }, damaged: { one: [2], two: [5, 6] } })
    expect([[...rows], all]).toEqual([[1, 3, 7], 6])
    expect([a, b]).toEqual([{ dim: 2, matrix: vectorsOf(rows, 2) }, { dim: 3, matrix: vectorsOf(rows, 3) }])
  })

  it('are chosen by chance where there are too many, the same each time, from all over the folder', async () => {
    const { rows, of: all, a } = await of({ pictures: 4000 }, 500)
    expect([rows.length, all, rows]).toEqual([500, 4000, (await of({ pictures: 4000 }, 500)).rows])
    expect(a.matrix).toEqual(vectorsOf(rows, 2))
    expect(rows.every((row, place) => place === 0 || row > rows[place - 1]!)).toBe(true)
    const quarters = [0, 1, 2, 3].map((quarter) => rows.filter((row) => Math.floor(row / 1000) === quarter).length)
    expect(Math.min(...quarters)).toBeGreaterThan(95)
  })

  it('are at least three', async () => {
    expect(await thrownBy(() => of({ pictures: 5, without: { one: [0] }, damaged: { two: [1, 2] } }))).toMatchObject({ code: 'NOT_FOUND', message: 'only 2 of the pictures have vectors of both models; at least three are needed to compare them' })
  })
})
