/** @file Pictures of opened folders as they are shown: thumbnails kept in memory, each file decoded once for all sizes below. */
import { lstat } from 'node:fs/promises'
import { EngineError, messageOf, type RenderedImage } from '../contract'
import { readImageFile, renderImage, type RenderedPicture } from '../image'
import { createByteCache } from './byte-cache'
import { createLanes } from './lanes'
import { settle, type FileStamp, type ImageRecord, type Library } from './library'
import { describeProblem, problemError } from './problem'

/** Longest edge of the thumbnail that is made of every picture; smaller ones are made from it. */
export const thumbnailEdge = 384
const cacheBytes = 192 * 1024 * 1024
/** Larger renderings are for one look and would push out hundreds of thumbnails. */
const largestCached = 4 * 1024 * 1024
const backgroundSlots = 2
/** One is always left for what somebody waits for; Node's pool of four threads keeps one for reading files. */
const slots = backgroundSlots + 1

export interface Pictures {
  /** Renders for somebody who waits. @throws EngineError IMG_…, NOT_A_FILE or SOURCE_UNAVAILABLE naming the file */
  render(library: Library, record: ImageRecord, maxEdge: number): Promise<RenderedImage>
  /** Decodes the picture to its thumbnail when nobody waits, and settles what it is. */
  check(library: Library, record: ImageRecord): Promise<void>
  forget(record: ImageRecord): void
}

interface Cached {
  readonly picture: RenderedPicture
  readonly stamp: FileStamp
}

const sameStamp = (a: FileStamp | undefined, b: FileStamp): boolean => a?.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs

const stampKey = ({ sizeBytes, modifiedMs }: FileStamp): string => `${sizeBytes} ${modifiedMs}`

/** What the page gets; the size of the source stays here. */
const shown = ({ bytes, contentType, width, height }: RenderedPicture): RenderedImage => ({ bytes, contentType, width, height })

async function readStamp({ scanned }: ImageRecord): Promise<FileStamp> {
  try {
    const { size, mtimeMs } = await lstat(scanned.path)
    return { sizeBytes: size, modifiedMs: mtimeMs }
  } catch (error) {
    throw new EngineError('SOURCE_UNAVAILABLE', `${scanned.path.toString()} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

export function createPictures(): Pictures {
  const lanes = createLanes(slots, backgroundSlots)
  const cache = createByteCache<Cached>(cacheBytes, ({ picture }) => picture.bytes.length)
  const underWay = new Map<string, Promise<RenderedPicture>>()
  const keysOf = new Map<string, Set<string>>()

  const keep = (record: ImageRecord, edge: number, cached: Cached): void => {
    if (cached.picture.bytes.length > largestCached) return
    const key = `${record.id} ${edge}`
    cache.set(key, cached)
    const keys = keysOf.get(record.id) ?? new Set()
    keysOf.set(record.id, keys.add(key))
  }

  const cachedAt = (record: ImageRecord, edge: number, stamp: FileStamp): RenderedPicture | undefined => {
    const cached = cache.get(`${record.id} ${edge}`)
    return cached !== undefined && sameStamp(cached.stamp, stamp) ? cached.picture : undefined
  }

  const decode = async (library: Library, record: ImageRecord, edge: number, stamp: FileStamp): Promise<RenderedPicture> => {
    const changed = record.stamp !== undefined && !sameStamp(record.stamp, stamp)
    record.stamp = stamp
    try {
      const picture = await renderImage(await readImageFile(record.scanned.path), edge)
      keep(record, edge, { picture, stamp })
      settle(library, record, { kind: 'whole', width: picture.sourceWidth, height: picture.sourceHeight }, changed)
      return picture
    } catch (error) {
      const problem = describeProblem(record.scanned.relativePath, record.scanned.path, error)
      settle(library, record, { kind: 'broken', problem }, changed)
      throw problemError(problem)
    }
  }

  /** What is asked for twice is made once. */
  const once = (key: string, work: () => Promise<RenderedPicture>): Promise<RenderedPicture> => {
    const running = underWay.get(key)
    if (running !== undefined) return running
    const started = work().finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }

  const makeThumbnail = async (library: Library, record: ImageRecord, stamp: FileStamp): Promise<RenderedPicture> =>
    cachedAt(record, thumbnailEdge, stamp) ?? once(`thumbnail ${record.id} ${stampKey(stamp)}`, () => decode(library, record, thumbnailEdge, stamp))

  const produce = async (library: Library, record: ImageRecord, edge: number, stamp: FileStamp): Promise<RenderedPicture> => {
    if (edge > thumbnailEdge) return decode(library, record, edge, stamp)
    const thumbnail = await makeThumbnail(library, record, stamp)
    if (Math.max(thumbnail.width, thumbnail.height) <= edge) return thumbnail
    const picture = await renderImage(Buffer.from(thumbnail.bytes), edge)
    keep(record, edge, { picture, stamp })
    return picture
  }

  return {
    render: async (library, record, maxEdge) => {
      const stamp = await readStamp(record).catch((error: unknown) => {
        throw problemError(describeProblem(record.scanned.relativePath, record.scanned.path, error))
      })
      // A damaged picture stays one until the file changes; what kept it from being read may have passed.
      if (record.problem?.code.startsWith('IMG_') === true && sameStamp(record.stamp, stamp)) throw problemError(record.problem)
      const cached = cachedAt(record, maxEdge, stamp)
      if (cached !== undefined) return shown(cached)
      return shown(await once(`${maxEdge} ${record.id} ${stampKey(stamp)}`, () => lanes.urgent(() => produce(library, record, maxEdge, stamp))))
    },
    check: (library, record) =>
      lanes.background(async () => {
        if (record.state !== 'unchecked' || library.closing.signal.aborted) return
        try {
          await makeThumbnail(library, record, await readStamp(record))
        } catch (error) {
          if (record.state === 'unchecked') settle(library, record, { kind: 'broken', problem: describeProblem(record.scanned.relativePath, record.scanned.path, error) })
        }
      }),
    forget: ({ id }) => {
      for (const key of keysOf.get(id) ?? []) cache.delete(key)
      keysOf.delete(id)
    },
  }
}
