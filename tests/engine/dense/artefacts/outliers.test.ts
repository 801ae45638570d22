/** @file Artefacts by the length of tokens. */
import { describe, expect, it } from 'vitest'
import { findArtefacts } from '../../../../src/engine/dense'
import { randomStream } from '../../../../src/engine/tensor'

/** Lengths around `centre` with a spread of `share` of it. */
function lengthsAround(centre: number, share: number, count: number, seed: number): Float32Array {
  const random = randomStream(seed)
  return Float32Array.from({ length: count }, () => centre * (1 + share * random.normal()))
}

describe('findArtefacts', () => {
  it('finds the few tokens of the upper mode, and says by what', () => {
    const norms = lengthsAround(48, 0.1, 400, 1)
    for (const patch of [3, 77, 399]) norms[patch] = 210 + patch / 10
    const { outlier, threshold, note } = findArtefacts(norms)
    expect([...outlier.keys()].filter((patch) => outlier[patch] === 1)).toEqual([3, 77, 399])
    expect(threshold).toBeGreaterThan(90)
    expect(note).toMatch(/^3 of 400 patch tokens are longer than \d+(\.\d+)? before the final norm \(median 4\d\.\d; /)
  })

  it.each([
    ['tokens about as long as each other', lengthsAround(40, 0.02, 300, 2)],
    ['tokens of very different lengths', lengthsAround(40, 0.3, 300, 3).map(Math.abs)],
    ['tokens all of one length', new Float32Array(20).fill(7)],
    ['one token', Float32Array.of(12)],
    ['tokens of zeros', new Float32Array(9)],
  ])('finds none among %s', (_what, norms) => {
    const { outlier, note } = findArtefacts(norms)
    expect({ found: outlier.includes(1), note: note.startsWith('No artefacts: ') }).toEqual({ found: false, note: true })
  })
})
