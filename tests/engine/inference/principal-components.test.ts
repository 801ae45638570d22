import { describe, expect, it } from 'vitest'
import { pcaMap } from '../../../src/engine/inference/pca-map'
import { principalComponents, project } from '../../../src/engine/inference/principal-components'
import { randomStream } from '../../../src/engine/tensor'

/** Points spread 5, 2 and 0.5 along known orthogonal directions around a mean. */
function cloud(count: number): Float32Array {
  const random = randomStream(11)
  const directions = [[1, 1, 0, 0], [0, 0, 1, -1], [1, -1, 0, 0]].map((axis) => axis.map((value) => value / Math.SQRT2))
  return Float32Array.from(
    Array.from({ length: count }, () => {
      const spread = [5, 2, 0.5].map((scale) => scale * random.normal())
      return [10, -3, 4, 1].map((mean, index) => mean + directions.reduce((sum, axis, component) => sum + axis[index]! * spread[component]!, 0))
    }).flat(),
  )
}

const rows = (count: number): number[] => Array.from({ length: count }, (_, row) => row)

describe('principal components', () => {
  it('are the directions of largest variance, with their shares', () => {
    const fit = principalComponents({ data: cloud(4000), dim: 4, rows: rows(4000) }, 3)
    const alignment = fit.axes.map((axis, index) => Math.abs([[1, 1, 0, 0], [0, 0, 1, -1], [1, -1, 0, 0]][index]!.reduce((sum, value, column) => sum + (value / Math.SQRT2) * axis[column]!, 0)))
    for (const cosine of alignment) expect(cosine).toBeGreaterThan(0.999)
    const total = 25 + 4 + 0.25
    fit.explained.forEach((share, index) => { expect(share).toBeCloseTo([25, 4, 0.25][index]! / total, 1) })
    expect([...fit.mean].map(Math.round)).toEqual([10, -3, 4, 1])
  })

  it('keep their sign when the data is mirrored', () => {
    const data = cloud(500)
    const mirrored = data.map((value) => -value)
    const set = (values: Float32Array) => ({ data: values, dim: 4, rows: rows(500) })
    const [first, second] = [data, mirrored].map((values) => principalComponents(set(values), 2).axes.map((axis) => [...axis].map((value) => value.toFixed(6))))
    expect(first).toEqual(second)
  })

  it('project to uncorrelated scores', () => {
    const set = { data: cloud(1000), dim: 4, rows: rows(1000) }
    const scores = project(set, principalComponents(set, 2))
    let product = 0
    for (let row = 0; row < 1000; row++) product += scores[2 * row]! * scores[2 * row + 1]!
    expect(Math.abs(product / 1000)).toBeLessThan(1e-3)
  })

  it('survive vectors that are all the same', () => {
    const fit = principalComponents({ data: new Float32Array(40).fill(3), dim: 4, rows: rows(10) }, 3)
    expect(fit.explained).toEqual([0, 0, 0])
  })
})

describe('the PCA picture', () => {
  const grid = { height: 8, width: 8 }
  const isObject = (row: number): boolean => Math.floor(row / 8) > 1 && Math.floor(row / 8) < 6 && row % 8 > 1 && row % 8 < 6
  const picture = (sign: number): Float32Array => {
    const random = randomStream(2)
    return Float32Array.from(Array.from({ length: 64 }, (_, row) => Array.from({ length: 6 }, (_value, column) => sign * ((isObject(row) ? 3 : -1) * (column === 0 ? 1 : 0) + 0.1 * random.normal()))).flat())
  }

  it.each([1, -1])('takes the side that keeps off the border as foreground, whatever the sign of the features (%i)', (sign) => {
    const { foreground } = pcaMap(picture(sign), 6, grid)
    expect([...foreground]).toEqual(Array.from({ length: 64 }, (_, row) => (isObject(row) ? 1 : 0)))
  })

  it('is the same every time', () => {
    expect(pcaMap(picture(1), 6, grid)).toEqual(pcaMap(picture(1), 6, grid))
  })
})
