/** @file The walk over the pictures: whole permutations, one after another, the same from wherever it is begun. */
import { describe, expect, it } from 'vitest'
import { createWalk, permutation } from '../../../../src/engine/train/data/order'

const sorted = (values: Iterable<number>): readonly number[] => [...values].sort((left, right) => left - right)
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

describe('permutation', () => {
  it('holds every picture once', () => {
    expect(sorted(permutation(3, 0, 1000))).toEqual(numbers(1000))
  })

  it('is another one in every pass and for every seed', () => {
    const orders = [permutation(3, 0, 50), permutation(3, 1, 50), permutation(4, 0, 50)].map((order) => order.join())
    expect(new Set(orders).size).toBe(3)
    expect(permutation(3, 1, 50).join()).toBe(orders[1])
  })

  it('puts every picture at every place equally often', () => {
    const counts = new Float64Array(25)
    for (let pass = 0; pass < 5000; pass++) permutation(9, pass, 5).forEach((image, place) => counts[place * 5 + image]!++)
    // 1000 expected, standard deviation 28.
    expect(Math.max(...counts.map((count) => Math.abs(count - 1000)))).toBeLessThan(130)
  })
})

describe('the walk', () => {
  it('goes through all pictures before any comes again', () => {
    const walk = createWalk(5, 7)
    const stops = numbers(21).map((position) => walk(position))
    expect(stops.map(({ pass }) => pass)).toEqual(numbers(21).map((position) => Math.floor(position / 7)))
    for (const pass of [0, 1, 2]) expect(sorted(stops.slice(pass * 7, pass * 7 + 7).map(({ image }) => image))).toEqual(numbers(7))
  })

  it('says the same whatever was asked before', () => {
    const straight = createWalk(5, 7)
    const expected = numbers(100).map((position) => straight(position))
    const jumping = createWalk(5, 7)
    expect(numbers(100).map((index) => (index * 37) % 100).map((position) => [position, jumping(position)])).toEqual(
      numbers(100).map((index) => (index * 37) % 100).map((position) => [position, expected[position]]),
    )
  })
})
