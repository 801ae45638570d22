/** @file Weights as 8-bit integers: one scale for each output, symmetric, of seven bits. */

/** A linear layer's weight, turned as products of integers want it. */
export interface QuantisedMatrix {
  readonly inputs: number
  readonly outputs: number
  /** `[inputs, outputs]`: weight ≈ values · scales, with the scale of its column. */
  readonly values: Int8Array
  /** `[outputs]` */
  readonly scales: Float32Array
}

/**
 * The largest magnitude of a quantised weight. AVX2's kernel adds two products of an unsigned and a signed byte in 16 bits and
 * cuts off what does not fit: 2 · 255 · 64 fits, 2 · 255 · 127 does not, and every processor then gives the same integers.
 * Source: the notes on U8S8 in ONNX Runtime's "Quantize ONNX models" (reduce_range).
 */
export const largestInt8Weight = 64

/** Quantises a weight `[outputs, inputs]`, as checkpoints store it; halves are rounded away from 0. */
export function quantiseRows(weight: Float32Array, outputs: number, inputs: number): QuantisedMatrix {
  const values = new Int8Array(inputs * outputs)
  const scales = new Float32Array(outputs)
  for (let row = 0; row < outputs; row++) {
    const start = row * inputs
    let largest = 0
    for (let column = 0; column < inputs; column++) largest = Math.max(largest, Math.abs(weight[start + column] ?? 0))
    // A row of zeros has any scale.
    const scale = largest === 0 ? 1 : Math.fround(largest / largestInt8Weight)
    scales[row] = scale
    for (let column = 0; column < inputs; column++) {
      const value = (weight[start + column] ?? 0) / scale
      values[column * outputs + row] = value < 0 ? -Math.round(-value) : Math.round(value)
    }
  }
  return { inputs, outputs, values, scales }
}
