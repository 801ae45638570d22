/** @file Parts of one picture: groups that are there, joined in the order in which they are alike. */
import { describe, expect, it } from 'vitest'
import { partTree, wardTree } from '../../../../src/engine/dense'
import { blobs, byAppearance, plainProducts, randomSet } from '../../../helpers/vector-sets'

/** Labels once `steps` merges have been made. */
function cut({ labels, groups, merges }: Awaited<ReturnType<typeof partTree>>, steps: number): Int32Array {
  return Int32Array.from(labels, (label) => {
    let group = label
    for (let step = 0; step < steps; step++) if (merges[2 * step] === group || merges[2 * step + 1] === group) group = groups + step
    return group
  })
}

describe('partTree', () => {
  it('has the groups that are there, once fine groups are joined as far as there are groups', async () => {
    const { set, labels } = blobs([60, 40, 25, 75], 12, 0.15, 4)
    const tree = await partTree(set.matrix, 12, plainProducts)
    expect({ groups: tree.groups, merges: tree.merges.length, heights: tree.heights.length, labels: tree.labels.length }).toEqual({ groups: 24, merges: 46, heights: 23, labels: 200 })
    expect(byAppearance(cut(tree, 20))).toEqual(byAppearance(labels))
    expect(new Set(cut(tree, 23))).toEqual(new Set([46]))
    expect([...tree.heights]).toEqual([...tree.heights].sort((a, b) => a - b))
    expect(await partTree(set.matrix, 12, plainProducts)).toEqual(tree)
  })

  it('has one group where all tokens are the same, and where there is one', async () => {
    const same = { groups: 1, merges: new Uint16Array(0), heights: new Float32Array(0) }
    expect(await partTree(new Float32Array(4 * 9).fill(0.5), 4, plainProducts)).toEqual({ labels: new Uint8Array(9), ...same })
    expect(await partTree(Float32Array.of(1, 0, 0), 3, plainProducts)).toEqual({ labels: new Uint8Array(1), ...same })
  })
})

describe('wardTree', () => {
  const { signal } = new AbortController()

  it('joins what raises the sum of squares least: members weighted', async () => {
    expect(await wardTree(Float32Array.of(0, 1, 10, 13), Float32Array.of(1, 1, 1, 1), 1, signal)).toEqual({ merges: Uint16Array.of(0, 1, 2, 3, 4, 5), heights: Float32Array.of(1, 3, Math.sqrt(2) * 11) })
    // 50 members at 0 make joining with 1 dearer than 10 with 11.2.
    expect([...(await wardTree(Float32Array.of(0, 1, 10, 11.2), Float32Array.of(50, 50, 1, 1), 1, signal)).merges]).toEqual([2, 3, 0, 1, 4, 5])
  })

  it('tells the rise of the sum of squares, as found by its definition', async () => {
    const { matrix } = randomSet(12, 3, 8)
    const { merges, heights } = await wardTree(matrix, new Float32Array(12).fill(1), 3, signal)
    const members = Array.from({ length: 12 }, (_, index) => [index])
    const spread = (group: readonly number[]): number =>
      [0, 1, 2].reduce((sum, column) => {
        const values = group.map((member) => matrix[3 * member + column]!)
        const mean = values.reduce((total, value) => total + value, 0) / values.length
        return sum + values.reduce((total, value) => total + (value - mean) ** 2, 0)
      }, 0)
    const alive = new Set(members.keys())
    heights.forEach((height, step) => {
      const rise = (a: number, b: number): number => spread([...members[a]!, ...members[b]!]) - spread(members[a]!) - spread(members[b]!)
      const pairs = [...alive].flatMap((a) => [...alive].filter((b) => b > a).map((b) => rise(a, b)))
      const [a, b] = [merges[2 * step]!, merges[2 * step + 1]!]
      expect(height ** 2 / 2).toBeCloseTo(Math.min(...pairs), 5)
      expect(rise(a, b)).toBeCloseTo(Math.min(...pairs), 5)
      members.push([...members[a]!, ...members[b]!])
      alive.delete(a)
      alive.delete(b)
      alive.add(12 + step)
    })
  })
})
