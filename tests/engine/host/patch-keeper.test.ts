/** @file When the basis of patch tokens is fitted, on what, and what is kept where there is too little for one. */
import { describe, expect, it } from 'vitest'
import { createPatchKeeper } from '../../../src/engine/host/patch-keeper'
import type { ImageTokens, RowProducts } from '../../../src/engine/inference'
import type { PatchBasis, PatchTable } from '../../../src/engine/library'
import { randomStream } from '../../../src/engine/tensor'

const dim = 16

const products: RowProducts = (left, right, columns) => {
  const [rows, others] = [left.length / columns, right.length / columns]
  const product = Float32Array.from({ length: rows * others }, (_, at) => {
    let sum = 0
    for (let index = 0; index < columns; index++) sum += left[Math.floor(at / others) * columns + index]! * right[(at % others) * columns + index]!
    return sum
  })
  return Promise.resolve(product)
}

/** A table that keeps the basis alone. */
function basisTable(): PatchTable {
  let basis: PatchBasis | undefined
  return {
    basis: () => Promise.resolve(basis),
    setBasis: (given: PatchBasis) => {
      basis = given
      return Promise.resolve()
    },
  } as unknown as PatchTable
}

function tokens(seed: number, patches: number): ImageTokens {
  const random = randomStream(seed)
  return { grid: { height: 1, width: patches }, cls: new Float32Array(dim), mean: new Float32Array(dim), patches: Float32Array.from({ length: patches * dim }, () => random.normal()) }
}

/** Pictures of so many patches each through a keeper that expects a thousand; what it gave for each, and at the end. */
async function keep(pictures: number, patches: number, end: 'finish' | 'leave') {
  const table = basisTable()
  const keeper = await createPatchKeeper({ table, products, dim, expected: 1000 })
  const given: number[] = []
  for (let picture = 0; picture < pictures; picture++) given.push((await keeper.add(`${picture}`, tokens(picture, patches))).length)
  return { before: given.reduce((sum, some) => sum + some, 0), atEnd: (await keeper[end]()).length, basis: (await table.basis()) !== undefined, measured: keeper.cost()?.patches ?? 0 }
}

describe('createPatchKeeper', () => {
  // Every third of a thousand pictures is measured: two of its eight patches where it helped to fit the basis, else all.
  it.each([
    ['a job that is done fits a basis on what there is', 3, 8, 'finish', { before: 0, atEnd: 3, basis: true, measured: 2 }],
    ['of few patches none is spared for measuring', 1, 16, 'finish', { before: 0, atEnd: 1, basis: true, measured: 0 }],
    ['of fewer patches than axes nothing is kept', 1, 15, 'finish', { before: 0, atEnd: 0, basis: false, measured: 0 }],
    ['a job that ends early with 63 pictures forgets them', 63, 8, 'leave', { before: 0, atEnd: 0, basis: false, measured: 0 }],
    ['a job that ends early with 64 keeps them', 64, 8, 'leave', { before: 0, atEnd: 64, basis: true, measured: 44 }],
    ['200 pictures are enough, and those that follow are kept as they come', 203, 8, 'leave', { before: 203, atEnd: 0, basis: true, measured: 67 * 2 + 8 }],
  ] as const)('%s', async (_, pictures, patches, end, expected) => {
    expect(await keep(pictures, patches, end)).toEqual(expected)
  })
})
