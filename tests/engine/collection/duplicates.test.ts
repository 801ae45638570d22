import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { findDuplicates, looksOf, type ComparedPictures, type VectorSet } from '../../../src/engine/collection'
import { groupDuplicates } from '../../../src/engine/display'
import { differenceHash } from '../../../src/engine/image'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'
import { plainProducts, randomSet, vectorSet } from '../../helpers/vector-sets'

const { signal } = new AbortController()
const options = { products: plainProducts, signal, floor: 0.9 }

/** A picture of soft blotches that no other seed gives. */
async function drawPicture(seed: number): Promise<Buffer> {
  const random = randomStream(seed)
  const blotches = Buffer.from(Array.from({ length: 8 * 8 * 3 }, () => Math.floor(random.uniform() * 256)))
  return sharp(blotches, { raw: { width: 8, height: 8, channels: 3 } }).resize(240, 160, { fit: 'fill', kernel: 'cubic' }).png().toBuffer()
}

/** What a model might say of a picture: its colours on a coarse grid. */
async function coarse(bytes: Buffer): Promise<number[]> {
  const pixels = await sharp(bytes).resize(6, 6, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  return Array.from(pixels, (value) => value - 128)
}

const pairsOf = ({ left, right, grade }: { left: Uint32Array; right: Uint32Array; grade: Uint8Array }) => Array.from(left, (row, pair) => [row, right[pair], grade[pair]])
const bare = (rows: readonly number[], hashes: readonly (string | undefined)[], looks: readonly (string | undefined)[]): ComparedPictures => ({ rows: Uint32Array.from(rows), hashes, looks: looksOf(looks) })

describe('duplicates of real pictures', () => {
  it('are found through other sizes, other formats and a small cut, and no two different pictures are', async () => {
    const originals = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(drawPicture))
    const copies = await Promise.all([
      sharp(originals[0]).jpeg({ quality: 40 }).toBuffer(),
      sharp(originals[1]).resize(120, 80).jpeg().toBuffer(),
      sharp(originals[2]).webp({ quality: 60 }).toBuffer(),
      sharp(originals[3]).extract({ left: 2, top: 2, width: 236, height: 156 }).png().toBuffer(),
      Promise.resolve(originals[4]!),
    ])
    const pictures = [...originals, ...copies]
    const looks = await Promise.all(pictures.map(differenceHash))
    const hashes = pictures.map((_, index) => (index === 12 ? 'hash 4' : `hash ${index}`))
    const set = vectorSet(108, Float32Array.from((await Promise.all(pictures.map(coarse))).flat()))
    const expected = [[4, 12, 0], [0, 8, 1], [1, 9, 1], [2, 10, 1], [3, 11, 1]]
    const compared = bare([...pictures.keys()], hashes, looks)
    const found = await findDuplicates(compared, set, { ...options, floor: 0.99 })
    expect(pairsOf(found).sort((a, b) => a[2]! - b[2]! || a[0]! - b[0]!)).toEqual(expected)
    expect({ first: pairsOf(found)[0], leftOut: found.leftOut, withoutVectors: found.withoutVectors }).toEqual({ first: [4, 12, 0], leftOut: 0, withoutVectors: 0 })

    const alone = await findDuplicates(compared, undefined, options)
    expect(pairsOf(alone).every((pair) => expected.some((one) => String(one) === String(pair)))).toBe(true)
    expect(pairsOf(alone)).toEqual(expect.arrayContaining([[4, 12, 0], [0, 8, 1], [2, 10, 1]]))
    expect(alone.withoutVectors).toBe(13)
  })
})

describe('duplicates', () => {
  it('of the same bytes are told of the first with each other one, and stand for them in looser grades', async () => {
    const look = '0f0f0f0f00ff00ff'
    const set = vectorSet(2, Float32Array.from([1, 0, 1, 0, 1, 0, 1, 0.01]))
    const found = await findDuplicates(bare([5, 6, 8, 9], ['a', 'a', 'a', 'b'], [look, look, look, look]), { ...set, rows: Uint32Array.of(5, 6, 8, 9) }, options)
    expect({ ...found, similarity: [...found.similarity].map((value) => value.toFixed(3)) }).toEqual({
      left: Uint32Array.of(5, 5, 5),
      right: Uint32Array.of(6, 8, 9),
      similarity: ['1.000', '1.000', '1.000'],
      grade: Uint8Array.of(0, 0, 1),
      leftOut: 0,
      withoutVectors: 0,
    })
  })

  it('are only scenes where looks differ, and only from the floor on, most similar first', async () => {
    const at = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)]
    const set = vectorSet(2, Float32Array.from([0, 0.1, 0.3, 1.5].flatMap(at)))
    const looks = ['0f0f0f0f00ff00ff', 'ff00ff0012345678', undefined, '0f0f0f0f00ff00ff']
    const found = await findDuplicates(bare([0, 1, 2, 3], ['a', 'b', 'c', 'd'], looks), set, { ...options, floor: 0.96 })
    expect({ pairs: pairsOf(found), similarity: [...found.similarity].map((value) => value.toFixed(4)) }).toEqual({
      pairs: [[0, 1, 2], [1, 2, 2]],
      similarity: [Math.cos(0.1).toFixed(4), Math.cos(0.2).toFixed(4)],
    })
  })

  it('without vectors need looks that agree more closely and that say something', async () => {
    const near = '0f0f0f0f00ff00f0' // four bits from the first
    const far = '0f0f0f0f00ff0000' // eight bits
    const compared = bare([0, 1, 2, 3, 4, 5], ['a', 'b', 'c', 'd', 'e', undefined], ['0f0f0f0f00ff00ff', near, far, '0000000000000000', '0000000000000001', undefined])
    const found = await findDuplicates(compared, undefined, options)
    expect({ pairs: pairsOf(found), similarity: [...found.similarity] }).toEqual({ pairs: [[0, 1, 1], [1, 2, 1]], similarity: [0.9375, 0.9375] })
    // With vectors that differ the same looks are no evidence.
    const set = vectorSet(2, Float32Array.from([1, 0, 0, 1, -1, 0]))
    expect(pairsOf(await findDuplicates(compared, set, options))).toEqual([])
  })

  it('hold a group of many copies together and tell no pair twice', async () => {
    const random = randomSet(60, 8, 3)
    // Two tight bunches of thirty: more than the neighbours that are asked of each.
    const values = Float32Array.from({ length: 60 * 8 }, (_, index) => (Math.floor(index / 240) === index % 8 ? 10 : 0) + 0.05 * random.matrix[index]!)
    const set: VectorSet = vectorSet(8, values)
    const found = await findDuplicates(bare([...set.rows], [...set.rows].map(String), [...set.rows].map(() => undefined)), set, options)
    expect(new Set(pairsOf(found).map(String)).size).toBe(found.left.length)
    expect([...found.similarity]).toEqual([...found.similarity].sort((a, b) => b - a))
    expect(groupDuplicates(found, [2], 0.9).map(({ rows }) => rows.length)).toEqual([30, 30])
  })

  it('stop when cancelled', async () => {
    const set = randomSet(10, 4, 1)
    const compared = bare([...set.rows], [...set.rows].map(String), [...set.rows].map(() => undefined))
    expect(await thrownBy(() => findDuplicates(compared, set, { ...options, signal: AbortSignal.abort(new Error('enough')) }))).toEqual(new Error('enough'))
  })
})
