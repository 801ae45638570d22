import { describe, expect, it } from 'vitest'
import { nearestNeighbours, uniquenessOf } from '../../../src/engine/collection'
import { plainProducts, vectorSet } from '../../helpers/vector-sets'

const options = { products: plainProducts, signal: new AbortController().signal }

describe('uniqueness', () => {
  it('is one minus the mean cosine with the nearest', async () => {
    const set = vectorSet(2, Float32Array.from([1, 0, 1, 0, 0, 1, -1, 0]))
    expect([...uniquenessOf(await nearestNeighbours(set, 2, options))].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([0.5, 0.5, 1, 1.5])
  })

  it('counts the neighbours there are, and is 1 for a picture alone', async () => {
    expect([...uniquenessOf(await nearestNeighbours(vectorSet(2, Float32Array.from([1, 0, 1, 0])), 9, options))]).toEqual([0, 0])
    expect([...uniquenessOf(await nearestNeighbours(vectorSet(2, Float32Array.of(1, 0)), 9, options))]).toEqual([1])
  })
})
