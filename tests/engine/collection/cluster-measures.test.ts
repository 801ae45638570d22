import { describe, expect, it } from 'vitest'
import { chooseClusterCount, measureClusters } from '../../../src/engine/collection'
import { blobs, plainProducts, randomSet, vectorSet } from '../../helpers/vector-sets'

const options = { products: plainProducts, signal: new AbortController().signal }

describe('measures of clusters', () => {
  it('are those of plain loops in float64', async () => {
    const set = randomSet(120, 5, 2)
    const labels = Int32Array.from(set.rows, (row) => (row % 7 === 0 ? -1 : row % 3))
    const vectors = Array.from(set.rows, (row) => Array.from(set.matrix.subarray(5 * row, 5 * row + 5)))
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
    const centres = [0, 1, 2].map((label) => {
      const sum = vectors.filter((_, row) => labels[row] === label).reduce((total, vector) => total.map((value, index) => value + vector[index]!), [0, 0, 0, 0, 0])
      return sum.map((value) => value / Math.sqrt(dot(sum, sum)))
    })
    const members = [0, 1, 2].map((label) => [...set.rows].filter((row) => labels[row] === label))
    const cosine = (row: number, label: number): number => dot(vectors[row]!, centres[label]!)
    const silhouettes = [...set.rows].filter((row) => labels[row]! >= 0).map((row) => {
      const a = 1 - cosine(row, labels[row]!)
      const b = Math.min(...[0, 1, 2].filter((label) => label !== labels[row]).map((label) => 1 - cosine(row, label)))
      return (b - a) / Math.max(a, b)
    })
    const measured = await measureClusters(set, labels, 3, 4, options)
    expect({ sizes: [...measured.sizes], representatives: measured.representatives.map((list) => [...list]) }).toEqual({
      sizes: members.map((rows) => rows.length),
      representatives: members.map((rows, label) => [...rows].sort((a, b) => cosine(b, label) - cosine(a, label)).slice(0, 4)),
    })
    expect(measured.silhouette).toBeCloseTo(silhouettes.reduce((sum, value) => sum + value, 0) / silhouettes.length, 6)
    members.forEach((rows, label) => expect(measured.tightness[label]).toBeCloseTo(rows.reduce((sum, row) => sum + cosine(row, label), 0) / rows.length, 6))
  })

  it('say that one cluster alone is apart from nothing, and nothing of none', async () => {
    const set = vectorSet(2, Float32Array.from([1, 0, 0, 1]))
    expect(await measureClusters(set, Int32Array.of(0, 0), 1, 3, options)).toMatchObject({ silhouette: 0, sizes: Uint32Array.of(2), representatives: [Uint32Array.of(0, 1)] })
    expect(await measureClusters(set, Int32Array.of(-1, -1), 0, 3, options)).toMatchObject({ silhouette: 0, representatives: [] })
  })
})

describe('the number of clusters', () => {
  it('is that of the blobs', async () => {
    const { set } = blobs([60, 60, 60, 60, 60], 24, 0.35, 3)
    const { clusters, tried } = await chooseClusterCount(set, { ...options, seed: 1 })
    expect({ clusters, tried: tried.map((one) => one.clusters) }).toEqual({ clusters: 5, tried: [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 30] })
  })

  it('is one where there is nothing to tell apart', async () => {
    expect((await chooseClusterCount(vectorSet(2, Float32Array.of(1, 0)), { ...options, seed: 1 })).clusters).toBe(1)
  })
})
