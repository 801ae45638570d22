import { describe, expect, it } from 'vitest'
import { drawBox } from '../../../../src/engine/image/augment/draw-box'
import type { RandomStream } from '../../../../src/engine/tensor'

/** A stream of given numbers, and how many of them were taken. */
function scripted(numbers: readonly number[]): { readonly random: RandomStream; readonly taken: () => number } {
  let next = 0
  const uniform = (): number => {
    const number = numbers[next++]
    if (number === undefined) throw new Error(`only ${numbers.length} numbers were to be drawn`)
    return number
  }
  return { random: { uniform, normal: uniform }, taken: () => next }
}

const picture = { width: 400, height: 300 }
const almostOne = 1 - 2 ** -32
// The whole area at an aspect of 3/4 is 300 × 400, too high for the picture.
const tooHigh = [1, 0, 0.5, 0.5]
// A quarter of the area at an aspect of 1: 173.2 squared.
const fits = (down: number, across: number): readonly number[] => [0, 0.5, down, across]
const repeated = (numbers: readonly number[], count: number): readonly number[] => Array<readonly number[]>(count).fill(numbers).flat()

describe('drawBox', () => {
  it.each([
    ['the first corner', 0, { left: 0, top: 0, width: 173, height: 173 }],
    ['the middle', 0.5, { left: 114, top: 64, width: 173, height: 173 }],
    ['the last corner', almostOne, { left: 227, top: 127, width: 173, height: 173 }],
  ])('reaches %s', (_name, place, box) => {
    expect(drawBox(picture, [0.25, 1], scripted(fits(place, place)).random)).toEqual(box)
  })

  it('takes the tenth try where nine did not fit', () => {
    const { random, taken } = scripted([...repeated(tooHigh, 9), ...fits(0, almostOne)])
    expect({ box: drawBox(picture, [0.25, 1], random), taken: taken() }).toEqual({ box: { left: 227, top: 0, width: 173, height: 173 }, taken: 40 })
  })

  it.each([
    ['the whole picture, of an allowed aspect', picture, { left: 0, top: 0, width: 400, height: 300 }],
    ['the middle of a wide one', { width: 1000, height: 11 }, { left: 492, top: 0, width: 15, height: 11 }],
    ['the middle of a high one', { width: 32, height: 1000 }, { left: 0, top: 478, width: 32, height: 43 }],
  ])('takes %s where ten tries did not fit', (_name, size, box) => {
    const { random, taken } = scripted(repeated(size.height > size.width ? [1, 1, 0, 0] : tooHigh, 10))
    expect({ box: drawBox(size, [0.25, 1], random), taken: taken() }).toEqual({ box, taken: 40 })
  })
})
