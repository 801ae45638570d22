/** @file A tree of parts cut at a number of parts. */
import { describe, expect, it } from 'vitest'
import { cutParts } from '../../../src/engine/display'

const tree = { labels: Uint8Array.of(0, 1, 2, 2, 3, 3, 3), groups: 4, merges: Uint16Array.of(0, 1, 2, 4, 3, 5), heights: Float32Array.of(1, 2, 3) }

describe('cutParts', () => {
  it.each([
    [1, [0, 0, 0, 0, 0, 0, 0]],
    [2, [0, 0, 0, 0, 1, 1, 1]],
    [3, [1, 1, 2, 2, 0, 0, 0]],
    [4, [2, 3, 1, 1, 0, 0, 0]],
    [9, [2, 3, 1, 1, 0, 0, 0]],
  ])('has %i parts, the largest first', (parts, labels) => {
    expect([...cutParts(tree, parts)]).toEqual(labels)
  })
})
