/** @file Half-precision bit patterns to numbers and back: IEEE 754 binary16 and bfloat16. */

const scratch = new DataView(new ArrayBuffer(4))

/** One binary16 bit pattern as a number. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The largest finite binary16 number. */
export const largestFloat16 = 65504

/** The nearest binary16 bit pattern of a float32, ties to even; from 65520 on an infinity. */
export function numberToFloat16(value: number): number {
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // Subnormal: scale so that the unit in the last place is one, and let the double's rounding do the rest.
    const scaled = Math.abs(value) * 2 ** 24
    const floor = Math.floor(scaled)
    const rest = scaled - floor
    return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor)
  }
  const rounded = magnitude + 0xfff + ((magnitude >> 13) & 1)
  return sign | ((rounded - 0x38000000) >>> 13)
}

/** One bfloat16 bit pattern as a number: the upper half of a float32. */
export function bfloat16ToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}

let float16Values: Float32Array | undefined

/** All of a binary16 array, through a table of its 65 536 values: whole models are converted. */
export function float16sToFloat32(bits: Uint16Array): Float32Array {
  const table = (float16Values ??= Float32Array.from({ length: 2 ** 16 }, (_, index) => float16ToNumber(index)))
  const values = new Float32Array(bits.length)
  for (let index = 0; index < bits.length; index++) values[index] = table[bits[index] ?? 0] ?? NaN
  return values
}

/** All of a bfloat16 array. */
export function bfloat16sToFloat32(bits: Uint16Array): Float32Array {
  const values = new Uint32Array(bits.length)
  for (let index = 0; index < bits.length; index++) values[index] = (bits[index] ?? 0) << 16
  return new Float32Array(values.buffer)
}
