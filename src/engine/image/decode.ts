/** @file From a file's bytes to RGB pixels as a model is given them: oriented, three channels of eight bits. */
import type { Sharp } from 'sharp'
import { explainDecodeFailure } from './failure'
import { createGate } from './gate'
import { inputOptions, type PictureHeader } from './header'
import { decodeSeconds } from './limits'
import { sharp } from './native'

/** Pixels uint8 [height, width, 3]. */
export interface RgbPixels {
  readonly rgb: Uint8Array
  readonly width: number
  readonly height: number
}

export interface PixelSize {
  readonly width: number
  readonly height: number
}

const passLarge = createGate()

/**
 * Runs one sharp pipeline over `bytes`: first frame, EXIF orientation applied, everything that goes wrong explained.
 * Large pictures wait for each other.
 * @throws EngineError IMG_CORRUPT, IMG_TRUNCATED, IMG_TOO_LARGE or IMG_UNSUPPORTED
 */
export async function runPipeline<T>(
  bytes: Buffer,
  header: PictureHeader,
  options: { readonly ignoreIcc: boolean },
  build: (picture: Sharp) => Promise<T>,
): Promise<T> {
  const run = (): Promise<T> => build(sharp(bytes, { ...inputOptions, ...options }).autoOrient().timeout({ seconds: decodeSeconds }))
  try {
    return await (header.isLarge ? passLarge(run) : run())
  } catch (error) {
    throw explainDecodeFailure(bytes, header.format, error)
  }
}

async function toRgb(picture: Sharp): Promise<RgbPixels> {
  const { data, info } = await picture.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length)
  return { rgb: info.channels === 1 ? repeatChannel(pixels) : pixels, width, height }
}

function repeatChannel(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3)
  for (let index = 0; index < grey.length; index++) rgb.fill(grey[index] ?? 0, index * 3, index * 3 + 3)
  return rgb
}

/**
 * Decodes to RGB, at full size or shrunk to exactly `size`. As `convert('RGB')` of the reference code does, alpha is
 * dropped and not composed, and colour profiles are left alone (CMYK cannot be understood without one).
 * @throws EngineError as {@link runPipeline}
 */
export async function decodeRgb(bytes: Buffer, header: PictureHeader, size?: PixelSize): Promise<RgbPixels> {
  const options = { ignoreIcc: !header.isCmyk }
  if (size === undefined) return runPipeline(bytes, header, options, toRgb)
  // Lanczos, and shrink-on-load one step short of what would fit, stay closest to what PIL makes of all pixels.
  const shrink = (picture: Sharp): Sharp => picture.resize(size.width, size.height, { fit: 'fill', kernel: 'lanczos3', fastShrinkOnLoad: false })
  if (!header.hasAlpha) return runPipeline(bytes, header, options, (picture) => toRgb(shrink(picture)))
  // Shrinking weighs colours by their alpha, so alpha has to go before.
  const { rgb, width, height } = await runPipeline(bytes, header, options, toRgb)
  return toRgb(shrink(sharp(rgb, { raw: { width, height, channels: 3 } })))
}
