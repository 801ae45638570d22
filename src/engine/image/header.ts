/** @file What a picture's header says, with every limit checked before a pixel is decoded. */
import { EngineError } from '../contract'
import { explainDecodeFailure, requirePicture, tooLarge } from './failure'
import { formatName, type PictureFormat } from './format'
import { largeInterlacedPixels, largePixels, maxChannels, maxMetadataBytes, maxPixels } from './limits'
import { sharp } from './native'

export interface PictureHeader {
  readonly format: PictureFormat
  /** Pixels as shown, after EXIF orientation. */
  readonly width: number
  readonly height: number
  readonly hasAlpha: boolean
  readonly isCmyk: boolean
  /** Whether decoding takes so much memory that nothing else large may be decoded meanwhile. */
  readonly isLarge: boolean
}

/** Options of every sharp pipeline over foreign bytes: they only ever make it stricter than its defaults. */
export const inputOptions = { failOn: 'warning', limitInputPixels: maxPixels, limitInputChannels: maxChannels, unlimited: false, page: 0, pages: 1 } as const

/**
 * Reads the header of a picture of at most `limits.maxPixels` pixels.
 * @throws EngineError IMG_EMPTY, IMG_CORRUPT, IMG_TRUNCATED, IMG_TOO_LARGE, IMG_UNSUPPORTED or IMG_HEIC_UNSUPPORTED
 */
export async function readHeader(bytes: Buffer): Promise<PictureHeader> {
  const format = requirePicture(bytes)
  const metadata = await sharp(bytes, inputOptions)
    .metadata()
    .catch((error: unknown) => {
      throw explainDecodeFailure(bytes, format, error)
    })
  const { width, height } = metadata.autoOrient
  if (width * height > maxPixels) throw tooLarge(width, height)
  if (metadata.channels > maxChannels)
    throw new EngineError('IMG_UNSUPPORTED', `the ${formatName(format)} has ${metadata.channels} channels; at most ${maxChannels} are supported`)
  for (const [name, block] of Object.entries({ EXIF: metadata.exif, ICC: metadata.icc, IPTC: metadata.iptc, XMP: metadata.xmp })) {
    if (block !== undefined && block.length > maxMetadataBytes)
      throw new EngineError('IMG_UNSUPPORTED', `the ${formatName(format)} carries ${block.length} bytes of ${name}; at most ${maxMetadataBytes} are read`)
  }
  const pixels = width * height
  return {
    format,
    width,
    height,
    hasAlpha: metadata.hasAlpha,
    isCmyk: metadata.space === 'cmyk',
    isLarge: pixels > largePixels || (metadata.isProgressive && pixels > largeInterlacedPixels),
  }
}
