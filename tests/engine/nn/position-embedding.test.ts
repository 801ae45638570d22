import { describe, expect, it } from 'vitest'
import { antialiasedInterpolation, interpolationWeights, offsetInterpolation, positionWeights } from '../../../src/engine/nn'
import { maxDifference, noise } from '../../helpers/tensors'

const rowSums = (target: number, source: number, data: Float32Array): number[] =>
  Array.from({ length: target }, (_, row) => data.subarray(row * source, (row + 1) * source).reduce((sum, value) => sum + value, 0))

/** R · P · Cᵀ of one channel. */
function resize(grid: Float32Array, source: number, weights: Float32Array, target: number): Float32Array {
  const result = new Float32Array(target * target)
  for (let y = 0; y < target; y++)
    for (let x = 0; x < target; x++)
      for (let i = 0; i < source; i++) for (let j = 0; j < source; j++) result[y * target + x]! += weights[y * source + i]! * weights[x * source + j]! * grid[i * source + j]!
  return result
}

const rms = (left: Float32Array, right: Float32Array): number =>
  Math.sqrt(left.reduce((sum, value, index) => sum + (value - right[index]!) ** 2, 0) / left.length)

describe('position interpolation', () => {
  it.each([offsetInterpolation, antialiasedInterpolation, { antialias: false, offset: 0 }])('%j keeps a constant constant', (kernel) => {
    for (const target of [3, 16, 37, 50]) {
      const { data } = interpolationWeights(37, target, kernel)
      expect(maxDifference(rowSums(target, 37, data), new Array<number>(target).fill(1))).toBeLessThan(1e-5)
    }
  })

  it('leaves the learned grid untouched', () => {
    const { rows, columns } = positionWeights(4, { height: 4, width: 4 }, offsetInterpolation)
    const identity = Float32Array.from({ length: 16 }, (_, index) => (index % 5 === 0 ? 1 : 0))
    expect([rows.data, columns.data]).toEqual([identity, identity])
  })

  it('resizes when only one side differs, as the references do', () => {
    const { rows } = positionWeights(4, { height: 4, width: 6 }, offsetInterpolation)
    expect(rows.data).toEqual(interpolationWeights(4, 4, offsetInterpolation).data)
    expect(rows.data[0]).not.toBe(1)
  })

  it('has three kernels as far apart on noise as the official ones: 0.25 between offset and size, 0.67 to antialiased', () => {
    const { data } = noise([37, 37], 5)
    const withKernel = (kernel: Parameters<typeof interpolationWeights>[2]) => resize(data, 37, interpolationWeights(37, 16, kernel).data, 16)
    const [offset, size, antialiased] = [offsetInterpolation, { antialias: false, offset: 0 }, antialiasedInterpolation].map(withKernel)
    expect(rms(offset!, size!)).toBeCloseTo(0.25, 1)
    expect(rms(size!, antialiased!)).toBeCloseTo(0.67, 1)
  })
})
