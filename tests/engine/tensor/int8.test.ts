import { expect, it } from 'vitest'
import { cosine, largestInt8Weight, quantiseRows, randomStream } from '../../../src/engine/tensor'

it('a quantised weight is turned, uses all of its seven bits in every row, and is off by half a step at most', () => {
  const [outputs, inputs] = [7, 13]
  const random = randomStream(4)
  const weight = Float32Array.from({ length: outputs * inputs }, (_, index) => random.normal() * 10 ** (Math.floor(index / inputs) - 3))
  weight.fill(0, 2 * inputs, 3 * inputs)
  const { values, scales, ...size } = quantiseRows(weight, outputs, inputs)
  expect(size).toEqual({ inputs, outputs })
  for (let row = 0; row < outputs; row++) {
    const column = Array.from({ length: inputs }, (_, index) => values[index * outputs + row]!)
    expect(Math.max(...column.map(Math.abs))).toBe(row === 2 ? 0 : largestInt8Weight)
    for (const [index, value] of column.entries()) expect(Math.abs(value * scales[row]! - weight[row * inputs + index]!)).toBeLessThanOrEqual(0.5000001 * scales[row]!)
  }
})

it('two products of an unsigned byte and a quantised weight fit 16 bits, as AVX2 adds them', () => {
  expect(2 * 255 * largestInt8Weight).toBeLessThanOrEqual(32_767)
})

it('halves go away from 0 on both sides', () => {
  expect([...quantiseRows(Float32Array.of(64, 1.5, -1.5, 2.5, -2.5, 0.4), 1, 6).values]).toEqual([64, 2, -2, 3, -3, 0])
})

it('a cosine is that of the angle, and none where there is no direction', () => {
  expect([cosine(Float32Array.of(1, 0), Float32Array.of(1, 1)), cosine(Float32Array.of(2, 0), Float32Array.of(-3, 0)), cosine(new Float32Array(2), Float32Array.of(1, 1))]).toEqual([expect.closeTo(Math.SQRT1_2, 12), -1, NaN])
})
