import { describe, expect, it } from 'vitest'
import { risingOrder } from '../../../src/engine/collection/order'
import { randomStream } from '../../../src/engine/tensor'

const { signal } = new AbortController()

describe('rising order', () => {
  it('is that of a stable sort, with negative numbers, zeros and infinities', async () => {
    const random = randomStream(3)
    const values = Float32Array.from({ length: 5000 }, (_, index) => (index % 5 === 0 ? Math.round(3 * random.normal()) : random.normal() * 10 ** Math.floor(6 * random.uniform())))
    values.set([Infinity, -Infinity, 0, 1e-40, -1e-40])
    const expected = [...values.keys()].sort((a, b) => (values[a] === values[b] ? a - b : values[a]! - values[b]!))
    // Minus zero and zero are different bits of the same number.
    const plain = values.map((value) => (value === 0 ? 0 : value))
    expect([...(await risingOrder(plain, signal))]).toEqual(expected)
    expect(await risingOrder(new Float32Array(0), signal)).toEqual(new Uint32Array(0))
  })
})
