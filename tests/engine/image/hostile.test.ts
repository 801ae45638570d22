/** @file What a folder's author could put into a picture, and the one code each of it ends with. */
import { createServer } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { assertUntrustedLoadersBlocked, prepareEvaluation, prepareWhole, renderImage } from '../../../src/engine/image'
import { isEngineError } from '../../../src/engine/contract'
import { makePipe, temporaryFolder } from '../../helpers/folders'
import { drawQuarters, jpegPicture, mediaFile, pngClaiming, tiffPicture } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

/** The codes that each way into a picture ends with; they must agree. */
async function codesFor(bytes: Buffer): Promise<string[]> {
  const ways = [
    () => renderImage(bytes, 256),
    () => prepareEvaluation(bytes, { shortEdge: 256, crop: 224 }, 14),
    () => prepareWhole(bytes, { size: 'native', patchSize: 14, maxPatches: 100 }),
  ]
  const codes: string[] = []
  for (const way of ways) {
    const error = await thrownBy(way)
    codes.push(isEngineError(error) ? error.code : String(error))
  }
  return [...new Set(codes)]
}

describe('files that end early', () => {
  it.each([
    ['a JPEG cut in the middle', async () => cut(await drawQuarters(300, 200).jpeg().toBuffer(), 0.5)],
    ['a JPEG cut at 100 bytes', async () => (await jpegPicture(300, 200)).subarray(0, 100)],
    ['a JPEG without its end marker', async () => (await jpegPicture(300, 200)).subarray(0, -2)],
    ['a progressive JPEG cut in the middle', async () => cut(await drawQuarters(300, 200).jpeg({ progressive: true }).toBuffer(), 0.5)],
    ['a large JPEG, loaded shrunk, cut near its end', async () => cut(await drawQuarters(2600, 2000).jpeg().toBuffer(), 0.9)],
    ['a PNG cut in its data', async () => cut(await drawQuarters(300, 200).png().toBuffer(), 0.5)],
    ['a PNG cut in its header', async () => (await drawQuarters(30, 20).png().toBuffer()).subarray(0, 20)],
    ['a WebP', async () => cut(await drawQuarters(300, 200).webp().toBuffer(), 0.5)],
    ['a GIF', async () => cut(await drawQuarters(300, 200).gif().toBuffer(), 0.5)],
    ['a TIFF', async () => cut(await drawQuarters(300, 200).tiff({ compression: 'lzw' }).toBuffer(), 0.5)],
    ['a TIFF cut behind its pixels', async () => (await drawQuarters(300, 200).tiff({ compression: 'jpeg' }).toBuffer()).subarray(0, -8)],
    ['an AVIF', async () => cut(await drawQuarters(64, 64).avif({ effort: 0 }).toBuffer(), 0.5)],
  ])('%s is IMG_TRUNCATED', async (_name, make) => {
    expect(await codesFor(await make())).toEqual(['IMG_TRUNCATED'])
  })
})

describe('headers that claim too much', () => {
  it.each([
    ['100000 × 100000', pngClaiming(100_000, 100_000), 'IMG_TOO_LARGE'],
    ['1 × 2³¹-1', pngClaiming(1, 2 ** 31 - 1), 'IMG_CORRUPT'],
    ['0 × 0', pngClaiming(0, 0), 'IMG_CORRUPT'],
    ['interlaced 16000 × 16000', pngClaiming(16_000, 16_000, { colourType: 6, interlaced: true }), 'IMG_TOO_LARGE'],
    ['16-bit RGBA 16383 × 16383', pngClaiming(16_383, 16_383, { colourType: 6, bitDepth: 16 }), 'IMG_TOO_LARGE'],
  ])('%s is refused at once and without memory', async (_name, bytes, code) => {
    await thrownBy(() => renderImage(bytes, 256))
    const memoryBefore = process.memoryUsage().rss
    let elapsedMs = Infinity
    let error: unknown
    // The best of three: a busy machine may pause any one of them.
    for (let round = 0; round < 3; round++) {
      const start = performance.now()
      error = await thrownBy(() => renderImage(bytes, 256))
      elapsedMs = Math.min(elapsedMs, performance.now() - start)
    }
    expect({ error, quick: elapsedMs < 50, small: process.memoryUsage().rss - memoryBefore < 50e6 }).toMatchObject({ error: { code }, quick: true, small: true })
  })

  it('a picture of 102 megapixels passes', async () => {
    const bytes = await sharp({ create: { width: 11_648, height: 8_736, channels: 3, background: '#456' } }).jpeg().toBuffer()
    expect(await renderImage(bytes, 64)).toMatchObject({ sourceWidth: 11_648, sourceHeight: 8_736, width: 64, height: 48 })
  })
})

describe('vector pictures', () => {
  it('are refused by libvips itself', async () => {
    await expect(assertUntrustedLoadersBlocked()).resolves.toBeUndefined()
  })

  it('and files by their path are not even looked at', async () => {
    const path = join(await temporaryFolder(), 'by-path.jpg')
    await writeFile(path, await jpegPicture(16, 16))
    expect(await thrownBy(() => sharp(path).metadata())).toMatchObject({ message: expect.stringContaining('unsupported') })
  })

  it('are IMG_UNSUPPORTED whatever they refer to, and nothing they refer to is opened', async () => {
    const requests: string[] = []
    const server = createServer((request, response) => {
      requests.push(request.url ?? '')
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    // Whoever opens a pipe that nobody writes to waits for ever, so a reader could not go unnoticed.
    const canary = join(await temporaryFolder(), 'canary.jpg')
    await makePipe(canary)
    const bomb = Array.from({ length: 12 }, (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`).join('')
    const hostile = [
      `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://${canary}">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>`,
      `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><image href="file://${canary}" width="16" height="16"/></svg>`,
      `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><image href="http://127.0.0.1:${port}/canary" width="16" height="16"/></svg>`,
      `<!DOCTYPE svg [<!ENTITY e0 "boom">${bomb}]><svg xmlns="http://www.w3.org/2000/svg"><text>&e12;</text></svg>`,
      '<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000"><rect width="9" height="9"/></svg>',
    ]
    const codes = await Promise.all(hostile.map((text) => codesFor(Buffer.from(text))))
    await new Promise((resolve) => server.close(resolve))
    expect({ codes, requests }).toEqual({ codes: hostile.map(() => ['IMG_UNSUPPORTED']), requests: [] })
  })
})

describe('content that is no picture', () => {
  it.each([
    ['no bytes', Buffer.alloc(0), 'IMG_EMPTY', 'the file is empty'],
    ['one byte', Buffer.from([0x42]), 'IMG_CORRUPT', "the file's 1 bytes do not begin like any picture"],
    ['text', Buffer.from('not a picture at all, however long'), 'IMG_CORRUPT', "the file's 34 bytes do not begin like any picture"],
    ['a PDF', Buffer.from('%PDF-1.7\n'), 'IMG_UNSUPPORTED', 'the file is a PDF; supported are JPEG, PNG, WebP, GIF, TIFF and AVIF'],
    [
      'HEIC',
      mediaFile('heic', ['mif1', 'heic']),
      'IMG_HEIC_UNSUPPORTED',
      'the file is a HEIC picture (brand heic), whose HEVC compression is patented and not built in; its sibling AVIF is supported, as are JPEG, PNG, WebP, GIF, TIFF',
    ],
  ])('%s has a code and a reason of its own', async (_name, bytes, code, message) => {
    expect(await codesFor(bytes)).toEqual([code])
    expect(await thrownBy(() => renderImage(bytes, 64))).toMatchObject({ code, message })
  })

  it('a damaged picture is IMG_CORRUPT with the decoder’s reason', async () => {
    const bytes = Buffer.from(await drawQuarters(300, 200).png({ compressionLevel: 0 }).toBuffer())
    bytes.fill(0x55, 20_000, 20_200)
    expect(await thrownBy(() => renderImage(bytes, 64))).toMatchObject({ code: 'IMG_CORRUPT', message: expect.stringMatching(/^the PNG is damaged: .+/) })
  })
})

describe('pictures that are unusual but fine', () => {
  it('of an animation of 10,000 frames only the first is decoded, within 2 s', async () => {
    const gif = await sharp(Buffer.concat([0, 1].map((frame) => Buffer.alloc(8 * 8 * 3, frame * 200))), { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .gif({ delay: [10, 10], loop: 0 })
      .toBuffer()
    const bytes = repeatLastFrame(gif, 10_000)
    const start = performance.now()
    const { width, height } = await renderImage(bytes, 64)
    expect({ width, height, quick: performance.now() - start < 2000, frames: (await sharp(bytes).metadata()).pages }).toEqual({ width: 8, height: 8, quick: true, frames: 10_000 })
  })

  it.each([
    [34675, 9_000_000, 'the TIFF carries 9000000 bytes of ICC; at most 8388608 are read'],
    [700, 9_000_000, 'the TIFF carries 9000000 bytes of XMP; at most 8388608 are read'],
    [34675, 50_000_000, /^the TIFF asks for more memory than its header may: .+/],
    [700, 50_000_000, /^the TIFF asks for more memory than its header may: .+/],
  ])('metadata in TIFF tag %i of %i bytes is IMG_UNSUPPORTED within 2 s', async (tag, length, message) => {
    const bytes = tiffPicture(16, 16, 3, [{ tag, type: 'bytes', values: Buffer.alloc(length, 1) }])
    const start = performance.now()
    const error = await thrownBy(() => renderImage(bytes, 64))
    expect({ error, quick: performance.now() - start < 2000 }).toMatchObject({
      error: { code: 'IMG_UNSUPPORTED', message: typeof message === 'string' ? message : expect.stringMatching(message) },
      quick: true,
    })
  })

  it('seven channels are IMG_UNSUPPORTED', async () => {
    expect(await codesFor(tiffPicture(16, 16, 7))).toEqual(['IMG_UNSUPPORTED'])
  })
})

describe('random damage', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff'] as const)('in a %s ends in a picture or in one of the codes, never in another error', async (format) => {
    const original = await drawQuarters(48, 32).toFormat(format).toBuffer()
    let state = 12345
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state % below
    }
    const unexpected: unknown[] = []
    for (let round = 0; round < 120; round++) {
      const bytes = Buffer.from(original.subarray(0, round % 3 === 0 ? random(original.length) : original.length))
      for (let flip = 0; flip < 1 + (round % 4) && bytes.length > 0; flip++) bytes[random(bytes.length)] = random(256)
      await renderImage(bytes, 16).catch((error: unknown) => {
        if (!isEngineError(error) || !error.code.startsWith('IMG_')) unexpected.push(error)
      })
    }
    expect(unexpected).toEqual([])
  })
})

function cut(bytes: Buffer, share: number): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * share))
}

/** Repeats the blocks of a GIF's last frame until there are `frames`. */
function repeatLastFrame(gif: Buffer, frames: number): Buffer {
  const graphicControl = gif.lastIndexOf(Buffer.from([0x21, 0xf9, 0x04]))
  const frame = gif.subarray(graphicControl, gif.length - 1)
  const have = 2
  return Buffer.concat([gif.subarray(0, gif.length - 1), ...Array.from({ length: frames - have }, () => frame), Buffer.from([0x3b])])
}
