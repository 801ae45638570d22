import { describe, expect, it } from 'vitest'
import { bfloat16ToNumber, elementsOf, float16ToNumber, numberToFloat16, philox4x32, randomStream, tensor, toFloat32 } from '../../../src/engine/tensor'

describe('half precision', () => {
  it('round-trips every finite bit pattern', () => {
    const patterns = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00)
    expect(patterns.filter((bits) => numberToFloat16(float16ToNumber(bits)) !== bits)).toEqual([])
  })

  it('rounds to nearest, ties to even, and overflows to infinity', () => {
    const cases = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 3 * 2 ** -26, NaN]
    expect(cases.map((value) => float16ToNumber(numberToFloat16(value)))).toEqual([1, 1 + 2 ** -9, 65504, Infinity, 0, 2 ** -24, NaN])
  })

  it('takes every float32 around every half to the nearest of all halves, ties to the even one', () => {
    const halves = Array.from({ length: 0x7c00 }, (_, bits) => ({ bits, value: float16ToNumber(bits) }))
    // What comes after the largest half, were there one: from half way to it on, a number is an infinity.
    const beyond = { bits: 0x7c00, value: 65536 }
    const scratch = new Float32Array(1)
    const pattern = new Int32Array(scratch.buffer)
    /** The next float32 that is larger or smaller, of a positive one. */
    const stepped = (value: number, by: number): number => {
      scratch[0] = value
      pattern[0] = (pattern[0] ?? 0) + by
      return scratch[0] ?? NaN
    }
    const wrong: unknown[] = []
    halves.forEach((below, index) => {
      const above = halves[index + 1] ?? beyond
      const middle = (below.value + above.value) / 2
      const even = below.bits % 2 === 0 ? below : above
      const cases = [
        [middle, even],
        [stepped(middle, -1), below],
        [stepped(middle, 1), above],
        [stepped(above.value, -1), above],
        [stepped(above.value, 1), above],
      ] as const
      for (const [value, { bits }] of cases) for (const sign of [1, -1]) if (numberToFloat16(sign * value) !== (sign === 1 ? bits : bits | 0x8000)) wrong.push([sign * value, bits])
    })
    expect(wrong).toEqual([])
  })

  it('reads bfloat16 as the upper half of a float32', () => {
    expect([0x3f80, 0xc000, 0x7f80].map(bfloat16ToNumber)).toEqual([1, -2, Infinity])
  })

  it('becomes float32 tensors', () => {
    expect(toFloat32({ dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) })).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(1, -2) })
  })
})

describe('random numbers', () => {
  // Source: the known-answer vectors that accompany Random123.
  it.each([
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ] as const)('are Philox4x32-10: %j', (counter, key, expected) => {
    expect(philox4x32(counter, key)).toEqual(expected)
  })

  it('depend on seed and stream alone', () => {
    const first = (seed: number, stream: number): number[] => {
      const random = randomStream(seed, stream)
      return Array.from({ length: 5 }, () => random.uniform())
    }
    expect(first(7, 1)).toEqual(first(7, 1))
    expect(new Set([first(7, 1), first(7, 2), first(8, 1), first(7 + 2 ** 32, 1)].map(String)).size).toBe(4)
  })
})

describe('tensors', () => {
  it('refuse data of another size', () => {
    expect(() => tensor('float32', [2, 2], new Float32Array(3))).toThrow('tensor: shape [2, 2] needs 4 elements, data has 3')
  })

  it('read unaligned bytes', () => {
    const bytes = new Uint8Array(9)
    bytes.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1)
    expect(elementsOf('float32', bytes.subarray(1))).toEqual(Float32Array.of(1.5, -2))
    // A Buffer's own slice is a view.
    expect(elementsOf('float32', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(1))).toEqual(Float32Array.of(1.5, -2))
  })
})
