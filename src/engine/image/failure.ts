/** @file Turns everything that can go wrong with a picture into one code and a reason in words; the caller adds the file. */
import { EngineError, messageOf } from '../contract'
import { formatName, identifyContent, supportedFormats, type PictureFormat } from './format'
import { decodeSeconds, maxChannels, maxPixels } from './limits'
import { endsEarly } from './truncation'

const megapixels = (pixels: number): string => (pixels / 1e6).toFixed(pixels < 1e7 ? 1 : 0)

/** The picture has more pixels than are decoded. Sizes are left out where only the decoder has seen them. */
export function tooLarge(width?: number, height?: number): EngineError {
  const found = width === undefined || height === undefined ? 'more pixels' : `${width} × ${height} pixels (${megapixels(width * height)} megapixels)`
  return new EngineError('IMG_TOO_LARGE', `the picture has ${found}; at most ${megapixels(maxPixels)} megapixels are decoded`, {
    detail: { width, height, maxPixels },
  })
}

/**
 * What the content is, when it is a picture of a format that can be decoded.
 * @throws EngineError IMG_EMPTY, IMG_UNSUPPORTED, IMG_HEIC_UNSUPPORTED, or IMG_CORRUPT when it is nothing known
 */
export function requirePicture(bytes: Buffer): PictureFormat {
  if (bytes.length === 0) throw new EngineError('IMG_EMPTY', 'the file is empty')
  const content = identifyContent(bytes)
  switch (content.kind) {
    case 'picture':
      return content.format
    case 'heic':
      throw new EngineError(
        'IMG_HEIC_UNSUPPORTED',
        `the file is a HEIC picture (brand ${content.brand}), whose HEVC compression is patented and not built in; its sibling AVIF is supported, as are ${supportedFormats.replace(' and AVIF', '')}`,
        { detail: { brand: content.brand } },
      )
    case 'other':
      throw new EngineError('IMG_UNSUPPORTED', `the file is ${content.name}; supported are ${supportedFormats}`)
    case 'unknown':
      throw new EngineError('IMG_CORRUPT', `the file's ${bytes.length} bytes do not begin like any picture`)
  }
}

/** The decoder's own words, first line only; libvips repeats itself. */
function decoderReason(error: unknown): string {
  const text = messageOf(error).replace(/^Input buffer has corrupt header: ?/, '').split('\n')[0]?.trim() ?? ''
  return text === '' ? 'its header cannot be read' : text
}

/** Explains why libvips refused `bytes`, which {@link requirePicture} has passed as `format`. */
export function explainDecodeFailure(bytes: Buffer, format: PictureFormat, error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const message = messageOf(error)
  const name = formatName(format)
  if (message.includes('exceeds pixel limit')) return tooLarge()
  if (message.includes('exceeds channel limit'))
    return new EngineError('IMG_UNSUPPORTED', `the ${name} has more than ${maxChannels} channels`, { detail: { maxChannels }, cause: error })
  if (message.includes('memory allocation'))
    return new EngineError('IMG_UNSUPPORTED', `the ${name} asks for more memory than its header may: ${decoderReason(error)}`, { cause: error })
  if (message.startsWith('timeout'))
    return new EngineError('IMG_TOO_LARGE', `the ${name} was not decoded within ${decodeSeconds} seconds`, { detail: { decodeSeconds }, cause: error })
  if (endsEarly(bytes, format))
    return new EngineError('IMG_TRUNCATED', `the ${name} ends after ${bytes.length} bytes, before its picture does`, { cause: error })
  return new EngineError('IMG_CORRUPT', `the ${name} is damaged: ${decoderReason(error)}`, { cause: error })
}
