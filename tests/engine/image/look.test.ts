import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { differenceHash, renderImage } from '../../../src/engine/image'
import { drawQuarters, jpegPicture } from '../../helpers/pictures'

/** A picture of 9 × 8 grey squares. */
const greys = (value: (column: number, row: number) => number): Promise<Buffer> =>
  sharp(Buffer.from(Array.from({ length: 72 * 64 }, (_, index) => value(Math.floor((index % 72) / 8), Math.floor(index / 72 / 8)))), { raw: { width: 72, height: 64, channels: 1 } }).png().toBuffer()

const differing = (a: string, b: string): number => (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length

describe('differenceHash', () => {
  it.each<readonly [string, (column: number, row: number) => number, string]>([
    ['rising to the right', (column) => column * 20, 'ffffffffffffffff'],
    ['falling to the right', (column) => 200 - column * 20, '0000000000000000'],
    ['flat', () => 90, '0000000000000000'],
    ['rising in the first row only', (column, row) => (row === 0 ? column * 20 : 5), 'ff00000000000000'],
    ['brighter in the last column of the last row', (column, row) => (row === 7 && column === 8 ? 50 : 5), '0000000000000001'],
    ['striped', (column) => (column % 2) * 100, 'aaaaaaaaaaaaaaaa'],
  ])('of a picture %s', async (_name, value, expected) => {
    expect(await differenceHash(await greys(value))).toBe(expected)
  })

  it('hardly differs for another size and another encoding, and does for another picture', async () => {
    const hash = async (bytes: Buffer): Promise<string> => differenceHash((await renderImage(bytes, 384)).bytes)
    const original = await hash(await jpegPicture(600, 400))
    const others = await Promise.all([drawQuarters(300, 200).webp({ quality: 60 }).toBuffer(), drawQuarters(900, 600).png().toBuffer(), drawQuarters(90, 60).jpeg().toBuffer(), drawQuarters(600, 400).flop().png().toBuffer()].map(async (bytes) => differing(original, await hash(await bytes))))
    expect(others.map((bits, index) => (index < 3 ? bits <= 4 : bits >= 12))).toEqual([true, true, true, true])
  })
})
