/** @file Pictures for eyes: thumbnails and views in sRGB, colour profiles honoured, and PNGs of computed pixels. */
import { EngineError, type RenderedImage } from '../contract'
import { runPipeline } from './decode'
import { readHeader } from './header'
import { sharp } from './native'

/** A rendered picture together with the size of the one it was made from, after EXIF orientation. */
export interface RenderedPicture extends RenderedImage {
  readonly sourceWidth: number
  readonly sourceHeight: number
}

/** Behind transparent pixels: neither a white nor a black drawing disappears on it. */
const backdrop = { r: 128, g: 128, b: 128 }
/** Up to here a PNG is small and shows every pixel; JPEG would smear the few there are. */
const losslessEdge = 64
/** Up to here a picture is looked at as a small one. */
const thumbnailEdge = 512

/**
 * Renders the first frame so that neither edge is longer than `maxEdge`, never enlarged; JPEG, or PNG when tiny.
 * @throws EngineError IMG_… when the picture cannot be decoded, BAD_REQUEST when `maxEdge` is no positive whole number
 */
export async function renderImage(bytes: Buffer, maxEdge: number): Promise<RenderedPicture> {
  if (!Number.isSafeInteger(maxEdge) || maxEdge < 1) throw new EngineError('BAD_REQUEST', `renderImage: maxEdge is ${maxEdge}; a whole number of at least 1 is needed`)
  const header = await readHeader(bytes)
  const edge = Math.min(maxEdge, Math.max(header.width, header.height))
  const contentType = edge <= losslessEdge ? 'image/png' : 'image/jpeg'
  const { data, info } = await runPipeline(bytes, header, { ignoreIcc: false }, (picture) => {
    const resized = picture.resize({ width: maxEdge, height: maxEdge, fit: 'inside', withoutEnlargement: true }).flatten({ background: backdrop }).toColourspace('srgb')
    const encoded =
      contentType === 'image/png'
        ? resized.png({ compressionLevel: 6 })
        : edge <= thumbnailEdge
          ? resized.jpeg({ quality: 84, optimiseCoding: false })
          : resized.jpeg({ quality: 92, chromaSubsampling: '4:4:4', optimiseCoding: false })
    return encoded.toBuffer({ resolveWithObject: true })
  })
  return { bytes: data, contentType, width: info.width, height: info.height, sourceWidth: header.width, sourceHeight: header.height }
}

/**
 * Encodes pixels that the engine computed.
 * @param pixels uint8 [height, width, 3] or [height, width, 4]
 * @throws EngineError INTERNAL when the length is neither
 */
export async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Buffer> {
  const channels = pixels.length / (width * height)
  if (channels !== 3 && channels !== 4)
    throw new EngineError('INTERNAL', `encodePng: ${pixels.length} values are neither 3 nor 4 for each of ${width} × ${height} pixels`)
  return sharp(pixels, { raw: { width, height, channels } }).png().toBuffer()
}
