/** @file Pieces of a mask that hang together. */
import { describe, expect, it } from 'vitest'
import { connectedComponents } from '../../../src/engine/dense'

const mask = (lines: readonly string[]): Uint8Array => Uint8Array.from(lines.join(''), (character) => (character === '#' ? 1 : 0))
const drawn = (labels: Int32Array, width: number): string[] => {
  const characters = Array.from(labels, (label) => (label < 0 ? '.' : String(label))).join('')
  return Array.from({ length: labels.length / width }, (_, row) => characters.slice(row * width, (row + 1) * width))
}

describe('connectedComponents', () => {
  it('joins by sides, not by corners, and never round the edge', () => {
    const { count, labels } = connectedComponents(mask(['#.##', '#..#', '..#.', '####']), 4)
    expect({ count, drawn: drawn(labels, 4) }).toEqual({ count: 3, drawn: ['0.11', '0..1', '..2.', '2222'] })
  })

  it('finds none in an empty mask and one in a full one', () => {
    expect([connectedComponents(new Uint8Array(6), 3).count, connectedComponents(new Uint8Array(6).fill(1), 3).count]).toEqual([0, 1])
  })
})
