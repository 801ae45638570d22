import { describe, expect, it } from 'vitest'
import { densityClusters, nearestNeighbours, type VectorSet } from '../../../src/engine/collection'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'
import { blobs, byAppearance, plainProducts, randomSet, vectorSet } from '../../helpers/vector-sets'

const { signal } = new AbortController()
const options = { products: plainProducts, signal }
const neighboursOf = (set: VectorSet, k: number) => nearestNeighbours(set, k, { products: plainProducts, signal })

/** HDBSCAN* by its definition over all pairs: labels when `smallest` is also the number of samples. */
function plainHdbscan({ dim, rows, matrix }: VectorSet, smallest: number): number[] {
  const count = rows.length
  const chord = (a: number, b: number): number => Math.sqrt(Array.from({ length: dim }, (_, index) => (matrix[a * dim + index]! - matrix[b * dim + index]!) ** 2).reduce((sum, value) => sum + value, 0))
  const core = Array.from(rows, (_, a) => Array.from(rows, (_row, b) => chord(a, b)).sort((x, y) => x - y)[smallest - 1]!)
  const reach = (a: number, b: number): number => Math.max(core[a]!, core[b]!, chord(a, b))
  /** Parts of `members` that hang together by reachabilities of less than `distance`. */
  const partsWithin = (members: readonly number[], distance: number): number[][] => {
    const left = new Set(members)
    const parts: number[][] = []
    for (const start of members) {
      if (!left.delete(start)) continue
      const part = [start]
      for (const at of part) for (const other of [...left]) if (reach(at, other) < distance) {
        left.delete(other)
        part.push(other)
      }
      parts.push(part)
    }
    return parts
  }
  const distances = [...new Set(Array.from(rows, (_, a) => Array.from(rows.subarray(0, a), (_row, b) => reach(a, b))).flat())].sort((a, b) => b - a)
  /** Stability of the best choice among a cluster and those below it, and that choice. */
  const best = (members: readonly number[], birth: number, isRoot: boolean): { stability: number; clusters: (readonly number[])[] } => {
    let alive = members
    let stability = 0
    for (const distance of distances) {
      if (1 / distance < birth) continue
      const parts = partsWithin(alive, distance)
      const large = parts.filter((part) => part.length >= smallest)
      const density = 1 / distance - birth
      if (large.length > 1) {
        const below = large.map((part) => best(part, 1 / distance, false))
        const belowStability = below.reduce((sum, one) => sum + one.stability, 0)
        const own = stability + alive.length * density
        return !isRoot && own >= belowStability ? { stability: own, clusters: [members] } : { stability: belowStability, clusters: below.flatMap((one) => one.clusters) }
      }
      if (large.length === 0) return { stability: stability + alive.length * density, clusters: isRoot ? [] : [members] }
      stability += (alive.length - large[0]!.length) * density
      alive = large[0]!
    }
    return { stability, clusters: isRoot ? [] : [members] }
  }
  const labels = Array<number>(count).fill(-1)
  best([...rows.keys()], 0, true).clusters.forEach((members, label) => {
    for (const member of members) labels[member] = label
  })
  return labels
}

describe('density clusters', () => {
  it('are those of the definition over all pairs', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const { set } = blobs([18, 25, 9], 3, 0.25, seed)
      const { labels } = await densityClusters(set, await neighboursOf(set, set.rows.length - 1), 5, options)
      expect({ seed, labels: byAppearance(labels) }).toEqual({ seed, labels: byAppearance(Int32Array.from(plainHdbscan(set, 5))) })
    }
  })

  it('find blobs among strangers by a few neighbours alone, and leave most strangers out', async () => {
    const { set, labels } = blobs([80, 60, 40], 16, 0.2, 5)
    const random = randomStream(9)
    const strangers = Array.from({ length: 30 * 16 }, () => random.normal())
    const all = vectorSet(16, Float32Array.from([...set.matrix, ...strangers]))
    const found = await densityClusters(all, await neighboursOf(all, 15), 10, options)
    expect({ clusters: found.clusters, labels: byAppearance(found.labels.subarray(0, labels.length)) }).toEqual({ clusters: 3, labels: [...labels] })
    // A stranger that joins a blob before the blobs join each other is the outermost of its vectors.
    expect(found.labels.subarray(labels.length).filter((label) => label === -1).length).toBeGreaterThan(20)
  })

  it('follow a form that has no middle', async () => {
    // Two arcs of a circle: each reaches farther than the gap between them.
    const arc = (from: number): number[] => Array.from({ length: 60 }, (_, index) => from + index * 0.02).flatMap((angle) => [Math.cos(angle), Math.sin(angle)])
    const set = vectorSet(2, Float32Array.from([...arc(0), ...arc(1.5)]))
    const { labels } = await densityClusters(set, await neighboursOf(set, 10), 5, options)
    expect(byAppearance(labels)).toEqual([...Array<number>(60).fill(0), ...Array<number>(60).fill(1)])
  })

  it('are none where there is too little, also of copies', async () => {
    expect(await densityClusters(randomSet(9, 4, 1), await neighboursOf(randomSet(9, 4, 1), 8), 5, options)).toEqual({ clusters: 0, labels: new Int32Array(9).fill(-1) })
    const copies = vectorSet(2, Float32Array.from(Array.from({ length: 40 }, (_, row) => (row < 20 ? [1, 0] : [0, 1])).flat()))
    expect(byAppearance((await densityClusters(copies, await neighboursOf(copies, 10), 5, options)).labels)).toEqual([...Array<number>(20).fill(0), ...Array<number>(20).fill(1)])
  })

  it('stop when cancelled', async () => {
    const set = randomSet(50, 4, 1)
    const neighbours = await neighboursOf(set, 5)
    expect(await thrownBy(() => densityClusters(set, neighbours, 3, { ...options, signal: AbortSignal.abort(new Error('enough')) }))).toEqual(new Error('enough'))
  })
})
