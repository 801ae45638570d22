import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { prepareEvaluation, prepareWhole } from '../../../src/engine/image'
import { decodeRgb } from '../../../src/engine/image/decode'
import { evaluationWindow } from '../../../src/engine/image/geometry'
import { readHeader } from '../../../src/engine/image/header'
import { resampleWindow } from '../../../src/engine/image/resample'
import { drawQuarters, jpegPicture, quarters, tiffPicture } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

const whole = { size: 28, patchSize: 14, maxPatches: 4096 } as const

/** The names of the colours of the four corners, clockwise from the top left. */
function corners({ rgb, width, height }: { readonly rgb: Uint8Array; readonly width: number; readonly height: number }): string {
  const names: Readonly<Record<string, readonly number[]>> = { red: [220, 20, 20], green: [20, 200, 20], blue: [20, 20, 220], grey: [100, 100, 100] }
  const nameAt = (x: number, y: number): string => {
    const pixel = rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)
    const distance = (colour: readonly number[]): number => colour.reduce((sum, value, channel) => sum + Math.abs(value - (pixel[channel] ?? NaN)), 0)
    return Object.entries(names).sort((a, b) => distance(a[1]) - distance(b[1]))[0]?.[0] ?? ''
  }
  return [nameAt(2, 2), nameAt(width - 3, 2), nameAt(width - 3, height - 3), nameAt(2, height - 3)].join(' ')
}

describe('prepareEvaluation', () => {
  it('says which part of the picture the model sees', async () => {
    const { rgb, ...prepared } = await prepareEvaluation(await jpegPicture(640, 320), { shortEdge: 256, crop: 224 }, 14)
    expect({ ...prepared, bytes: rgb.length }).toEqual({
      height: 224,
      width: 224,
      extent: { left: 144 / 512, top: 16 / 256, width: 224 / 512, height: 224 / 256 },
      note: "640 × 320 resized to 512 × 256, centre 224 × 224 taken, as in the reference's evaluation",
      bytes: 224 * 224 * 3,
    })
  })

  it('takes whole patches when the crop is no multiple of them', async () => {
    const { width, height } = await prepareEvaluation(await jpegPicture(64, 64), { shortEdge: 40, crop: 40 }, 16)
    expect({ width, height }).toEqual({ width: 32, height: 32 })
  })

  it.each([
    ['a crop larger than the short edge', { shortEdge: 224, crop: 256 }, 16],
    ['a crop smaller than a patch', { shortEdge: 224, crop: 8 }, 16],
    ['a short edge of nothing', { shortEdge: 0, crop: 8 }, 8],
  ])('refuses %s', async (_name, resize, patchSize) => {
    expect(await thrownBy(async () => prepareEvaluation(await jpegPicture(32, 32), resize, patchSize))).toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('stays within the golden tolerance of PIL where a large JPEG is shrunk while it is loaded', async () => {
    // Detail of a few pixels under large shapes, as photographs have.
    const [width, height] = [2400, 1800]
    const rgb = quarters(width, height)
    for (let index = 0; index < rgb.length; index++) {
      const [x, y] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width)]
      rgb[index] = (rgb[index] ?? 0) + Math.round(20 * Math.sin(x / 9) * Math.cos(y / 13) + 20 * Math.sin((x + y) / 31))
    }
    const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } }).jpeg({ quality: 90 }).toBuffer()
    const exact = resampleWindow(await decodeRgb(bytes, await readHeader(bytes)), evaluationWindow(width, height, 256, 224))
    const prepared = await prepareEvaluation(bytes, { shortEdge: 256, crop: 224 }, 14)
    const difference = exact.reduce((sum, value, index) => sum + Math.abs(value - (prepared.rgb[index] ?? NaN)), 0) / exact.length / 255 / 0.225
    expect(difference).toBeLessThanOrEqual(0.006)
    expect(difference, 'shrink-on-load was used').toBeGreaterThan(0)
  })
})

describe('prepareWhole', () => {
  it.each([
    [{ size: 28, patchSize: 14, maxPatches: 4096 }, { width: 42, height: 28, note: 'Whole picture, 60 × 40 resized to 42 × 28' }],
    [{ size: 'native', patchSize: 8, maxPatches: 4096 }, { width: 64, height: 40, note: 'Whole picture, 60 × 40 resized to 64 × 40' }],
    [
      { size: 'native', patchSize: 4, maxPatches: 24 },
      { width: 24, height: 16, note: 'Whole picture, 60 × 40 resized to 24 × 16: limited to 24 patches instead of its own size' },
    ],
    [
      { size: 80, patchSize: 4, maxPatches: 24 },
      { width: 24, height: 16, note: 'Whole picture, 60 × 40 resized to 24 × 16: limited to 24 patches instead of a short edge of 80' },
    ],
  ] as const)('fits the whole picture to %o', async (request, expected) => {
    const { rgb, ...prepared } = await prepareWhole(await jpegPicture(60, 40), request)
    expect({ ...prepared, bytes: rgb.length }).toEqual({
      ...expected,
      extent: { left: 0, top: 0, width: 1, height: 1 },
      bytes: expected.width * expected.height * 3,
    })
  })

  it.each([
    ['made smaller', 2300, 1600, 'native', { width: 2296, height: 1596 }],
    ['made larger', 600, 400, 1600, { width: 2394, height: 1596 }],
  ] as const)('has a picture too large for PIL\'s arithmetic resized by the decoder, to the same colours: %s', async (_what, width, height, size, expected) => {
    const original = quarters(width, height)
    const prepared = await prepareWhole(await drawQuarters(width, height).png().toBuffer(), { size, patchSize: 14, maxPatches: 65_536 })
    expect({ width: prepared.width, height: prepared.height, bytes: prepared.rgb.length }).toEqual({ ...expected, bytes: 3 * expected.width * expected.height })
    // Away from the edges between the quarters, where a kernel looks across.
    const places = [0.1, 0.4, 0.6, 0.9].flatMap((y) => [0.1, 0.4, 0.6, 0.9].map((x) => [x, y] as const))
    const colourAt = (rgb: Uint8Array, columns: number, rows: number, x: number, y: number): number[] => {
      const at = 3 * (Math.floor(y * rows) * columns + Math.floor(x * columns))
      return [...rgb.subarray(at, at + 3)]
    }
    const differences = places.flatMap(([x, y]) => {
      const wanted = colourAt(original, width, height, x, y)
      return colourAt(prepared.rgb, prepared.width, prepared.height, x, y).map((value, channel) => Math.abs(value - wanted[channel]!))
    })
    expect(Math.max(...differences)).toBeLessThanOrEqual(2)
  })

  it.each([
    [1, 'red green grey blue'],
    [2, 'green red blue grey'],
    [3, 'grey blue red green'],
    [4, 'blue grey green red'],
    [5, 'red blue grey green'],
    [6, 'blue red green grey'],
    [7, 'grey green red blue'],
    [8, 'green grey blue red'],
    [99, 'red green grey blue'],
  ])('turns EXIF orientation %i upright', async (orientation, expected) => {
    const bytes = await orientedJpeg(orientation)
    const prepared = await prepareWhole(bytes, whole)
    const turned = orientation >= 5 && orientation <= 8
    expect({ corners: corners(prepared), width: prepared.width, height: prepared.height }).toEqual({
      corners: expected,
      width: turned ? 28 : 56,
      height: turned ? 56 : 28,
    })
  })

  it.each([
    ['JPEG', () => drawQuarters(64, 64).jpeg()],
    ['progressive JPEG', () => drawQuarters(64, 64).jpeg({ progressive: true })],
    ['CMYK JPEG', () => drawQuarters(64, 64).toColourspace('cmyk').jpeg()],
    ['PNG', () => drawQuarters(64, 64).png()],
    ['interlaced PNG', () => drawQuarters(64, 64).png({ progressive: true })],
    ['palette PNG', () => drawQuarters(64, 64).png({ palette: true })],
    ['16-bit PNG', () => drawQuarters(64, 64).toColourspace('rgb16').png()],
    ['WebP', () => drawQuarters(64, 64).webp()],
    ['GIF', () => drawQuarters(64, 64).gif()],
    ['TIFF', () => drawQuarters(64, 64).tiff({ compression: 'lzw' })],
    ['tiled JPEG-compressed TIFF', () => drawQuarters(64, 64).tiff({ compression: 'jpeg', tile: true })],
    ['CMYK TIFF', () => drawQuarters(64, 64).toColourspace('cmyk').tiff()],
    ['16-bit TIFF', () => drawQuarters(64, 64).toColourspace('rgb16').tiff()],
    ['AVIF', () => drawQuarters(64, 64).avif({ effort: 0 })],
  ])('reads %s as three channels of eight bits', async (_name, encode) => {
    const prepared = await prepareWhole(await encode().toBuffer(), whole)
    expect({ corners: corners(prepared), bytes: prepared.rgb.length }).toEqual({ corners: 'red green grey blue', bytes: 28 * 28 * 3 })
  })

  it.each([
    ['grey JPEG', () => drawQuarters(64, 64).greyscale().jpeg()],
    ['grey PNG', () => drawQuarters(64, 64).greyscale().toColourspace('b-w').png()],
    ['16-bit grey PNG', () => drawQuarters(64, 64).greyscale().toColourspace('grey16').png()],
    ['grey PNG with alpha', () => drawQuarters(64, 64).greyscale().ensureAlpha(0.5).png()],
    ['1-bit PNG', () => drawQuarters(64, 64).threshold(90).png({ palette: true, colours: 2 })],
    ['1-bit TIFF', () => drawQuarters(64, 64).threshold(90).tiff({ bitdepth: 1 })],
  ])('reads %s as three equal channels', async (_name, encode) => {
    const { rgb } = await prepareWhole(await encode().toBuffer(), whole)
    const equal = rgb.every((value, index) => value === rgb[index - (index % 3)])
    expect({ equal, bytes: rgb.length, flat: new Set(rgb).size === 1 }).toEqual({ equal: true, bytes: 28 * 28 * 3, flat: false })
  })

  it.each([
    ['at its own size', 28],
    ['shrunk by the decoder', 400],
  ])('drops alpha and keeps the colour below it, %s, as the reference does', async (_name, edge) => {
    const rgba = Buffer.alloc(edge * edge * 4)
    for (let pixel = 0; pixel < edge * edge; pixel++) rgba.set([200, 100, 50, pixel % 2 === 0 ? 0 : 128], pixel * 4)
    const bytes = await sharp(rgba, { raw: { width: edge, height: edge, channels: 4 } }).png().toBuffer()
    const { rgb } = await prepareWhole(bytes, whole)
    expect([...new Set(rgb)]).toEqual([200, 100, 50])
  })

  it('leaves a colour profile alone, as the reference does', async () => {
    const bytes = await drawQuarters(28, 28).withIccProfile('p3').png().toBuffer()
    const { data } = await sharp(bytes, { ignoreIcc: true }).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const { rgb } = await prepareWhole(bytes, whole)
    expect(Buffer.compare(rgb, data)).toBe(0)
  })

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat([quarters(28, 28), Buffer.alloc(28 * 28 * 3, 255), Buffer.alloc(28 * 28 * 3)])
    const gif = await sharp(frames, { raw: { width: 28, height: 84, channels: 3, pageHeight: 28 } }).gif().toBuffer()
    const pages = (await sharp(gif).metadata()).pages
    expect({ pages, corners: corners(await prepareWhole(gif, whole)) }).toEqual({ pages: 3, corners: 'red green grey blue' })
  })

  it('accepts five channels and no more', async () => {
    const { rgb } = await prepareWhole(tiffPicture(28, 28, 5), whole)
    expect(rgb.length).toBe(28 * 28 * 3)
    expect(await thrownBy(() => prepareWhole(tiffPicture(28, 28, 7), whole))).toMatchObject({ code: 'IMG_UNSUPPORTED' })
  })

  it('refuses a size that is no positive whole number', async () => {
    expect(await thrownBy(async () => prepareWhole(await jpegPicture(32, 32), { ...whole, size: 0.5 }))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

/** A JPEG of 64 × 32 whose EXIF block says nothing but its orientation, which may be nonsense. */
async function orientedJpeg(orientation: number): Promise<Buffer> {
  const jpeg = await jpegPicture(64, 32)
  const exif = Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0', 'latin1')
  exif.writeUInt16BE(orientation, 24)
  const segment = Buffer.from([0xff, 0xe1, 0, exif.length + 2])
  return Buffer.concat([jpeg.subarray(0, 2), segment, exif, jpeg.subarray(2)])
}
