import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { encodePng, renderImage } from '../../../src/engine/image'
import { drawQuarters, jpegPicture, quarters } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

describe('renderImage', () => {
  it.each([
    ['shrinks to the longest edge', [600, 300], 200, { contentType: 'image/jpeg', width: 200, height: 100 }],
    ['does not enlarge', [100, 80], 512, { contentType: 'image/jpeg', width: 100, height: 80 }],
    ['keeps tiny pictures exact', [32, 32], 512, { contentType: 'image/png', width: 32, height: 32 }],
    ['keeps a strip a strip', [900, 1], 90, { contentType: 'image/jpeg', width: 90, height: 1 }],
  ] as const)('%s', async (_name, [width, height], maxEdge, expected) => {
    const { bytes, ...rendered } = await renderImage(await drawQuarters(width, height).png().toBuffer(), maxEdge)
    expect(rendered).toEqual({ ...expected, sourceWidth: width, sourceHeight: height })
    const read = await sharp(bytes).metadata()
    expect({ contentType: read.mediaType, width: read.width, height: read.height }).toEqual(expected)
  })

  it('turns the picture upright and leaves no metadata in it', async () => {
    const bytes = await drawQuarters(200, 100).withExif({ IFD0: { Artist: 'someone' } }).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    const rendered = await renderImage(bytes, 160)
    const { exif, icc, xmp, orientation } = await sharp(rendered.bytes).metadata()
    expect({ ...rendered, bytes: undefined, kept: { exif, icc, xmp, orientation } }).toEqual({
      bytes: undefined,
      contentType: 'image/jpeg',
      width: 80,
      height: 160,
      sourceWidth: 100,
      sourceHeight: 200,
      kept: {},
    })
  })

  it('honours a colour profile', async () => {
    // Full Display P3 red lies outside sRGB: it becomes full red, while numbers left alone would stay at 234.
    const bytes = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#ff0000' } }).withIccProfile('p3').png().toBuffer()
    const unmanaged = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer()
    const shown = await sharp((await renderImage(bytes, 16)).bytes).raw().toBuffer()
    expect({ unmanaged: unmanaged[0], shown: shown[0] }).toEqual({ unmanaged: 234, shown: 255 })
  })

  it('shows what is transparent on neutral grey', async () => {
    const bytes = await sharp({ create: { width: 16, height: 16, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } }).png().toBuffer()
    const pixels = await sharp((await renderImage(bytes, 16)).bytes).raw().toBuffer()
    expect([...new Set(pixels)]).toEqual([128])
  })

  it.each([0, -1, 1.5, NaN])('refuses a longest edge of %d', async (maxEdge) => {
    expect(await thrownBy(async () => renderImage(await jpegPicture(16, 16), maxEdge))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describe('encodePng', () => {
  it.each([3, 4] as const)('keeps every pixel of %i channels', async (channels) => {
    const pixels = channels === 3 ? quarters(20, 10) : Buffer.from(Array.from({ length: 20 * 10 * 4 }, (_, index) => index % 256))
    const { data, info } = await sharp(await encodePng(pixels, 20, 10)).raw().toBuffer({ resolveWithObject: true })
    expect({ equal: data.equals(pixels), width: info.width, height: info.height, channels: info.channels }).toEqual({ equal: true, width: 20, height: 10, channels })
  })

  it('refuses pixels that are neither RGB nor RGBA', async () => {
    expect(await thrownBy(() => encodePng(new Uint8Array(200), 20, 10))).toMatchObject({ code: 'INTERNAL' })
  })
})
