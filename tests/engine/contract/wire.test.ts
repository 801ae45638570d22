/** @file Messages as bytes: what goes in comes out, whatever memory the bytes lie in. */
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../../src/engine/contract'

const message = { kind: 'call', argument: { name: 'Right half', rows: Uint32Array.of(0, 7, 99), bytes: Uint8Array.of(1, 2, 3), cosines: Float32Array.of(0.5, -1) } }

describe('a message on the wire', () => {
  it('comes back as it was', () => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  it('comes back from the middle of a pool that others use too, as Node reads from sockets', () => {
    const encoded = encodeMessage(message)
    const pool = Buffer.alloc(encoded.length + 100, 0x67)
    pool.set(encoded, 33)
    expect(decodeMessage(pool.subarray(33, 33 + encoded.length))).toEqual(message)
  })

  it('gives arrays memory of their own', () => {
    const encoded = encodeMessage(message)
    const decoded = decodeMessage(encoded) as typeof message
    encoded.fill(0)
    expect(decoded.argument.rows).toEqual(Uint32Array.of(0, 7, 99))
  })
})
