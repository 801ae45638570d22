/** @file Decoded pictures, each read once while it is kept: what was used last stays, up to a number of bytes. */
import type { FilePath } from '../../files'
import { decodeRgb, readHeader, readImageFile, type PictureHeader, type RgbPixels } from '../../image'
import { createByteCache } from '../../library'
import type { LargeGate } from './large-gate'
import { decodedSize } from './shrink'

/** Files from this size on are read one at a time, like large pictures. */
const largeFileBytes = 64 * 2 ** 20
/** From here on a picture is decoded alone where all its pixels may be held at once: only JPEGs are shrunk while they are read. */
const largeWholePixels = 16_000_000

const fillsMemory = ({ isLarge, format, width, height }: PictureHeader): boolean => isLarge || (format !== 'jpeg' && width * height > largeWholePixels)

/** A picture to crop. */
export interface PictureRequest {
  /** Its number in the list of pictures. */
  readonly image: number
  readonly path: FilePath
  readonly sizeBytes: number
}

export interface PictureSourceOptions {
  readonly cacheBytes: number
  /** See `neededEdge`. */
  readonly needed: number
  readonly passLarge: LargeGate
}

export interface PictureSource {
  /** @throws EngineError IMG_…, NOT_A_FILE or SOURCE_UNAVAILABLE */
  read(request: PictureRequest): Promise<RgbPixels>
  /** Bytes of the pictures kept. */
  readonly cachedBytes: number
}

/** A source with its own cache. Asked twice at once for a picture, it reads it once. */
export function createPictureSource({ cacheBytes, needed, passLarge }: PictureSourceOptions): PictureSource {
  const cache = createByteCache<RgbPixels>(cacheBytes, ({ rgb }) => rgb.byteLength)
  const underway = new Map<string, Promise<RgbPixels>>()

  const decode = async (path: FilePath, isPassed: boolean): Promise<RgbPixels> => {
    const bytes = await readImageFile(path)
    const header = await readHeader(bytes)
    const work = (): Promise<RgbPixels> => decodeRgb(bytes, header, decodedSize(header, needed))
    return !isPassed && fillsMemory(header) ? passLarge(work) : work()
  }

  const readAnew = async (key: string, { path, sizeBytes }: PictureRequest): Promise<RgbPixels> => {
    try {
      const picture = await (sizeBytes > largeFileBytes ? passLarge(() => decode(path, true)) : decode(path, false))
      cache.set(key, picture)
      return picture
    } finally {
      underway.delete(key)
    }
  }

  return {
    read: (request) => {
      const key = String(request.image)
      const kept = cache.get(key)
      if (kept !== undefined) return Promise.resolve(kept)
      const reading = underway.get(key) ?? readAnew(key, request)
      underway.set(key, reading)
      return reading
    },
    get cachedBytes() {
      return cache.sizeBytes
    },
  }
}
