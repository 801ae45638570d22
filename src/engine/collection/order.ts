/** @file The order of a million numbers without holding the event loop: a radix sort in passes. */
import { inSlices } from './slices'

const digitBits = 11
const digits = 2 ** digitBits
const slice = 2 ** 18

/** Numbers as uint32 that sort as they do. Source: Herf, "Radix tricks" (2001): negative ones are inverted whole, others in their sign. */
function sortableBits(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return bits.map((bit) => bit ^ ((bit & 0x80000000) === 0 ? 0x80000000 : 0xffffffff))
}

/**
 * Places of `values` by rising value; equal ones keep their order.
 * @param values float32, no NaN
 * @returns uint32 [count]
 * @throws the signal's reason
 */
export async function risingOrder(values: Float32Array, signal: AbortSignal): Promise<Uint32Array> {
  const count = values.length
  const keys = sortableBits(values)
  let order = new Uint32Array(count)
  for (let place = 0; place < count; place++) order[place] = place
  let next = new Uint32Array(count)
  for (let shift = 0; shift < 32; shift += digitBits) {
    const digitOf = (place: number): number => (keys[place]! >>> shift) & (digits - 1)
    const starts = new Uint32Array(digits + 1)
    await inSlices(count, slice, signal, (from, to) => {
      for (let at = from; at < to; at++) starts[digitOf(order[at]!) + 1]!++
    })
    for (let digit = 0; digit < digits; digit++) starts[digit + 1]! += starts[digit]!
    const [source, target] = [order, next]
    await inSlices(count, slice, signal, (from, to) => {
      for (let at = from; at < to; at++) target[starts[digitOf(source[at]!)]!++] = source[at]!
    })
    order = target
    next = source
  }
  return order
}
