/** @file Label masks as PNGs: what an independent decoder sees, and what comes back. */
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeIndexedPng, encodeIndexedPng } from '../../../src/engine/export'
import { thrownBy } from '../../helpers/thrown'

const colours = [[0, 0, 0], [200, 10, 20], [1, 2, 3]] as const
const colourOf = (label: number) => colours[label] ?? ([label, 255 - label, 7] as const)

describe('encodeIndexedPng', () => {
  // Eight bits, colour type 3: PNG §11.2.1.
  it('shows each label in its colour, and keeps the labels themselves', async () => {
    const labels = Uint8Array.from({ length: 7 * 5 }, (_, at) => [0, 1, 2, 255, 17][at % 5]!)
    const png = await encodeIndexedPng(labels, 7, 5, colourOf)
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect({ size: [info.width, info.height], colours: [...data], kind: [...png.subarray(24, 26)] }).toEqual({ size: [7, 5], colours: [...labels].flatMap((label) => [...colourOf(label)]), kind: [8, 3] })
    expect(await decodeIndexedPng(png)).toEqual({ labels, width: 7, height: 5 })
  })

  it('refuses what is not one label for each pixel, and to read what another program wrote', async () => {
    expect(await thrownBy(() => encodeIndexedPng(new Uint8Array(5), 2, 2, colourOf))).toMatchObject({ code: 'INTERNAL' })
    const other = await sharp(Buffer.alloc(12), { raw: { width: 2, height: 2, channels: 3 } }).png().toBuffer()
    expect(await thrownBy(() => decodeIndexedPng(other))).toMatchObject({ code: 'INTERNAL' })
  })
})
