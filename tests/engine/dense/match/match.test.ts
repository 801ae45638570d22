/** @file Correspondence of two pictures: matches by definition, and common parts where it is known what is common. */
import { describe, expect, it } from 'vitest'
import { commonParts, mutualMatches, patchMatches, type PartPatches } from '../../../../src/engine/dense'
import { randomStream } from '../../../../src/engine/tensor'
import { plainProducts, randomSet } from '../../../helpers/vector-sets'

const signal = new AbortController().signal
const options = { products: plainProducts, signal }
const dim = 24
const tokensOf = (count: number, seed: number) => ({ dim, tokens: randomSet(count, dim, seed).matrix })
const cosine = (left: Float32Array, right: Float32Array, row: number, column: number): number => {
  let sum = 0
  for (let index = 0; index < dim; index++) sum += left[row * dim + index]! * right[column * dim + index]!
  return Math.fround(sum)
}

describe('patchMatches', () => {
  it('gives the cosine with every patch of the other picture and the best of them', async () => {
    const [left, right] = [tokensOf(20, 1), tokensOf(30, 2)]
    const { cosine: found, best } = await patchMatches(left, right, 7, plainProducts)
    const expected = Array.from({ length: 30 }, (_, column) => cosine(left.tokens, right.tokens, 7, column))
    expect([...found]).toEqual(expected)
    expect(best).toEqual([...expected.keys()].sort((a, b) => expected[b]! - expected[a]!).slice(0, 8))
  })

  it.each([-1, 20, 0.5])('refuses patch %d of 20', async (patch) => {
    await expect(patchMatches(tokensOf(20, 1), tokensOf(3, 2), patch, plainProducts)).rejects.toMatchObject({ code: 'BAD_REQUEST', message: `patch ${patch} is outside 0 to 19` })
  })
})

describe('mutualMatches', () => {
  it('finds exactly the pairs that are each other’s nearest, most similar first', async () => {
    const [left, right] = [tokensOf(70, 3), tokensOf(50, 4)]
    const all = Array.from({ length: 70 }, (_, row) => Array.from({ length: 50 }, (_value, column) => cosine(left.tokens, right.tokens, row, column)))
    const expected = all
      .map((line, row) => ({ row, column: line.indexOf(Math.max(...line)) }))
      .filter(({ row, column }) => all.every((line, other) => other === row || line[column]! < all[row]![column]!))
      .sort((a, b) => all[b.row]![b.column]! - all[a.row]![a.column]!)
    expect(expected.length).toBeGreaterThan(10)
    const found = await mutualMatches(left, right, { ...options, top: 1000 })
    expect(found).toEqual({
      left: Uint32Array.from(expected, ({ row }) => row),
      right: Uint32Array.from(expected, ({ column }) => column),
      cosine: Float32Array.from(expected, ({ row, column }) => all[row]![column]!),
    })
    expect((await mutualMatches(left, right, { ...options, top: 3 })).left).toEqual(found.left.slice(0, 3))
  })

  it('pairs a picture with itself patch by patch, and equal patches once', async () => {
    const same = tokensOf(40, 5)
    expect((await mutualMatches(same, same, { ...options, top: 100 })).left.length).toBe(40)
    const plain = { dim, tokens: new Float32Array(6 * dim).fill(1 / Math.sqrt(dim)) }
    const { left, right } = await mutualMatches(plain, plain, { ...options, top: 100 })
    expect([[...left], [...right]]).toEqual([[0], [0]])
  })

  it('refuses tokens of different models', async () => {
    const wider = { dim: 32, tokens: randomSet(4, 32, 1).matrix }
    await expect(mutualMatches(tokensOf(4, 1), wider, { ...options, top: 1 })).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('24') as unknown })
  })
})

/** Patches of things, each a direction with noise; things are named by numbers that mean the same in all pictures. */
function picture(things: readonly number[], seed: number, attended: readonly number[] | undefined, noise = 0.35): PartPatches {
  const random = randomStream(seed)
  const directions = Array.from({ length: 9 }, (_, thing) => {
    const own = randomStream(1000 + thing)
    return Array.from({ length: dim }, () => own.normal())
  })
  const rows = things.flatMap((thing) => directions[thing]!.map((value) => value + noise * random.normal()))
  const tokens = Float32Array.from(rows)
  for (let start = 0; start < tokens.length; start += dim) {
    const norm = Math.hypot(...tokens.subarray(start, start + dim))
    for (let index = 0; index < dim; index++) tokens[start + index]! /= norm
  }
  return { dim, tokens, attention: attended === undefined ? undefined : Float32Array.from(things, (thing) => (attended.includes(thing) ? 3 : 0.4)) }
}

const repeat = (...counts: readonly (readonly [thing: number, count: number])[]): number[] => counts.flatMap(([thing, count]) => Array<number>(count).fill(thing))
/** Which label each thing got on a side; fails the comparison where a thing has several. */
const labelsOf = (labels: Uint8Array, things: readonly number[]) => Object.fromEntries([...new Set(things)].map((thing) => [thing, [...new Set(labels.filter((_, patch) => things[patch] === thing))]]))

describe('commonParts', () => {
  // Thing 0 is the background of both; 1 and 2 are common; 3 is left's alone, 4 right's alone.
  const leftThings = repeat([0, 60], [1, 20], [2, 16], [3, 14])
  const rightThings = repeat([2, 22], [0, 70], [4, 12], [1, 15])

  it('labels what both have alike, and neither what one has alone nor the background', async () => {
    const found = await commonParts(picture(leftThings, 1, [1, 2, 3]), picture(rightThings, 2, [1, 2, 4]), { ...options, parts: 2 })
    const one = found.left[leftThings.indexOf(1)]!
    expect([0, 1]).toContain(one)
    expect({ left: labelsOf(found.left, leftThings), right: labelsOf(found.right, rightThings) }).toEqual({
      left: { 0: [255], 1: [one], 2: [1 - one], 3: [255] },
      right: { 0: [255], 1: [one], 2: [1 - one], 4: [255] },
    })
    expect(found.similarity.length).toBe(2)
    expect(found.similarity[0]).toBeGreaterThanOrEqual(found.similarity[1]!)
    expect(found.similarity[1]).toBeGreaterThan(0.7)
  })

  it('takes the background for a part too where nothing tells it from the rest, or where nothing else is common', async () => {
    const untold = await commonParts(picture(leftThings, 1, undefined), picture(rightThings, 2, undefined), { ...options, parts: 3 })
    expect(new Set(untold.left.filter((_, patch) => leftThings[patch] === 0)).has(255)).toBe(false)
    const skies = await commonParts(picture(repeat([0, 50], [3, 20]), 3, [3]), picture(repeat([0, 40], [4, 30]), 4, [4]), { ...options, parts: 1 })
    expect(labelsOf(skies.left, repeat([0, 50], [3, 20]))).toEqual({ 0: [0], 3: [255] })
  })

  it('finds nothing in pictures that have nothing in common', async () => {
    const found = await commonParts(picture(repeat([1, 30], [2, 30]), 1, undefined), picture(repeat([3, 30], [4, 30]), 2, undefined), { ...options, parts: 2 })
    const nothing = { left: new Uint8Array(60).fill(255), right: new Uint8Array(60).fill(255), similarity: [] }
    expect(found).toEqual(nothing)
    const noise = (seed: number) => ({ ...tokensOf(60, seed), attention: undefined })
    expect(await commonParts(noise(1), noise(2), { ...options, parts: 2 })).toEqual(nothing)
  })

  it('gives the same twice, and answers for one patch and for pictures of one colour', async () => {
    const [left, right] = [picture(leftThings, 1, [1, 2]), picture(rightThings, 2, [1, 2])]
    expect(await commonParts(left, right, { ...options, parts: 4 })).toEqual(await commonParts(left, right, { ...options, parts: 4 }))
    const plain = { dim, tokens: new Float32Array(6 * dim).fill(1 / Math.sqrt(dim)), attention: undefined }
    const flat = await commonParts(plain, plain, { ...options, parts: 3 })
    expect([flat.left.length, flat.right.length]).toEqual([6, 6])
    const single = { dim, tokens: plain.tokens.slice(0, dim), attention: Float32Array.of(1) }
    expect((await commonParts(single, plain, { ...options, parts: 1 })).left.length).toBe(1)
  })
})
