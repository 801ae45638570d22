/** @file Masks that people bring: which labels are read from which kind of picture, and what is refused. */
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { maskColour } from '../../../src/engine/display'
import { encodeIndexedPng } from '../../../src/engine/export'
import { frameNames, readMask, requireMarked, requireShape } from '../../../src/engine/host'
import { pngClaiming } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

const pixels = (channels: 1 | 3, values: readonly number[]) => sharp(Buffer.from(values), { raw: { width: values.length / channels, height: 1, channels } })

describe('readMask', () => {
  it('takes palette indices as DAVIS keeps them, of equal colours the first', async () => {
    const davis = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [0, 0, 0], [128, 128, 0]] as const
    const png = await encodeIndexedPng(Uint8Array.of(0, 4, 2, 3, 1, 0), 3, 2, (label) => davis[label]!)
    const { labels, width, height, colours } = await readMask(png, 'mask.png')
    expect({ labels: [...labels], width, height, colours: Object.fromEntries(colours) }).toEqual({ labels: [0, 4, 2, 0, 1, 0], width: 3, height: 2, colours: { 0: [0, 0, 0], 1: [128, 0, 0], 2: [0, 128, 0], 4: [128, 128, 0] } })
  })

  it('takes grey values as they are', async () => {
    const { labels, colours } = await readMask(await pixels(1, [0, 255, 3, 3]).toColourspace('b-w').png().toBuffer(), 'mask.png')
    expect({ labels: [...labels], colours: Object.fromEntries(colours) }).toEqual({ labels: [0, 255, 3, 3], colours: { 0: [0, 0, 0], 3: maskColour(3), 255: maskColour(255) } })
  })

  it('numbers colours, black being background', async () => {
    const { labels, colours } = await readMask(await pixels(3, [255, 0, 0, 0, 0, 0, 0, 255, 0, 255, 0, 0]).png().toBuffer(), 'mask.png')
    expect({ labels: [...labels], colours: Object.fromEntries(colours) }).toEqual({ labels: [2, 0, 1, 2], colours: { 0: [0, 0, 0], 1: [0, 255, 0], 2: [255, 0, 0] } })
  })

  it.each([
    { what: 'a JPEG', bytes: () => pixels(3, [255, 0, 0, 0, 0, 0]).jpeg().toBuffer(), message: 'mask is a JPEG, which keeps no exact labels; save the mask as PNG' },
    { what: '16 bits', bytes: () => pixels(3, [255, 0, 0, 0, 0, 0]).toColourspace('rgb16').png().toBuffer(), message: 'mask has 16 bits a channel; save the mask with 8' },
    { what: 'a photograph', bytes: () => pixels(1, Array.from({ length: 100 }, (_, at) => 2 * at)).png().toBuffer(), message: 'mask has more than 64 colours; a mask has one for each label, without smooth edges' },
  ])('refuses $what', async ({ bytes, message }) => {
    const png = await bytes()
    expect(await thrownBy(() => readMask(png, 'mask'))).toMatchObject({ code: 'BAD_REQUEST', message })
  })

  it('refuses what cannot be decoded', async () => {
    expect(await thrownBy(() => readMask(pngClaiming(4, 4), 'mask'))).toMatchObject({ code: expect.stringMatching(/^IMG_/) as unknown })
  })

  it('says when nothing is marked, and when it has another shape than the frame', async () => {
    const mask = { labels: new Uint8Array(8), width: 4, height: 2 }
    expect(await thrownBy(() => { requireMarked(mask, 'mask.png') })).toMatchObject({ code: 'BAD_REQUEST', message: 'mask.png has nothing but background (label 0)' })
    requireShape({ labels: new Uint8Array(0), width: 854, height: 480 }, { width: 427, height: 240 }, 'the mask')
    expect(await thrownBy(() => { requireShape(mask, { width: 300, height: 200 }, 'the mask') })).toMatchObject({
      code: 'BAD_REQUEST',
      message: 'the mask is 4 × 2, the first frame 300 × 200; they must show the same part, so have the same aspect',
    })
  })
})

describe('frameNames', () => {
  it('keeps folders apart, harmless characters alone, and equal names by number', () => {
    expect(frameNames(['a/1.jpg', 'b/1.jpg', 'a-1.png', 'ö 2.PNG', 'x\\xE9:?.gif'], '.png')).toEqual(['a-1.png', 'b-1.png', 'a-1-2.png', 'ö 2.png', 'x_xE9__.png'])
  })
})
