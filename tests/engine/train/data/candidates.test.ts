/** @file Replacements for pictures that cannot be read. */
import { describe, expect, it } from 'vitest'
import { candidateAt, randomTries } from '../../../../src/engine/train/data/candidates'

const options = { seed: 2, count: 10, crops: 5 }
const stop = { pass: 3, image: 7 }
const attempts = Array.from({ length: randomTries + options.count + 1 }, (_, attempt) => attempt)

describe('candidates', () => {
  it('begin with the picture whose turn it is', () => {
    expect(candidateAt(options, 37, stop, 0)).toEqual({ pass: 3, image: 7, firstStream: 0 })
  })

  it('take numbers for their crops that no other place of the pass takes', () => {
    expect(candidateAt(options, 37, stop, 1)).toMatchObject({ pass: 3, firstStream: 5 * 8 })
    expect(candidateAt(options, 30, stop, 1)).toMatchObject({ firstStream: 5 })
  })

  it('name every picture before they end, whatever was drawn', () => {
    const images = attempts.map((attempt) => candidateAt(options, 37, stop, attempt)!.image)
    expect(new Set(images.slice(1, randomTries + 1)).size).toBeGreaterThan(5)
    expect([...images.slice(randomTries + 1)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(candidateAt(options, 37, stop, randomTries + options.count + 1)).toBeUndefined()
  })

  it('are the same for the same place, and others for another', () => {
    const at = (position: number): string => attempts.map((attempt) => candidateAt(options, position, stop, attempt)!.image).join()
    expect(at(37)).toBe(at(37))
    expect(at(37)).not.toBe(at(38))
  })
})
