/** @file Pictures of opened folders as they are read and shown: each file read and decoded once, for its hash, its look and its thumbnail. */
import type { FileProblem, RenderedImage } from '../contract'
import { differenceHash, readImageFile, renderImage, type RenderedPicture } from '../image'
import { createByteCache } from './byte-cache'
import { contentHash } from './content-hash'
import { createLanes } from './lanes'
import type { ImageRecord } from './image-record'
import type { Library } from './library'
import { describeProblem, problemError } from './problem'
import { readSettled, type SettledBytes } from './read-settled'
import { isLasting, mustRead, twinOf, type WholePicture } from './reconcile'
import { readStamp, type FileStamp } from './stamp'
import type { Thumbs } from './thumbs'

/** Longest edge of the thumbnail that is made of every picture; smaller ones are made from it. */
export const thumbnailEdge = 384
/** What was looked at last; everything is on the disk besides. */
const cacheBytes = 64 * 1024 * 1024
/** Larger renderings are for one look and would push out hundreds of thumbnails. */
const largestCached = 4 * 1024 * 1024
const backgroundSlots = 2
/** One is always left for what somebody waits for; Node's pool of four threads keeps one for reading files. */
const slots = backgroundSlots + 1

/** Bytes of a picture, and their name. */
export interface PictureBytes {
  readonly bytes: Buffer
  /** sha256, hex. */
  readonly hash: string
}

export interface Pictures {
  /**
   * Renders for somebody who waits. A thumbnail of a file that cannot be reached now is what was known of it.
   * @throws EngineError IMG_…, NOT_A_FILE, FILE_CHANGING or SOURCE_UNAVAILABLE naming the file
   */
  render(library: Library, record: ImageRecord, maxEdge: number): Promise<RenderedImage>
  /** Reads the file when nobody waits, where it has to be read, and settles what it is. */
  check(library: Library, record: ImageRecord): Promise<void>
  /** The file's bytes as they are now; when they are not those that are known, what is known is put right. @throws EngineError as `render` */
  read(library: Library, record: ImageRecord): Promise<PictureBytes>
}

/** Who writes down what reading a file has shown. */
export interface Settle {
  whole(library: Library, record: ImageRecord, picture: WholePicture): void
  broken(library: Library, record: ImageRecord, problem: FileProblem, read: { readonly stamp: FileStamp; readonly hash: string } | undefined): void
}

const stampKey = ({ sizeBytes, modifiedMs }: FileStamp): string => `${sizeBytes} ${modifiedMs}`

/** What the page gets; the size of the source stays here. */
const shown = ({ bytes, contentType, width, height }: RenderedPicture): RenderedImage => ({ bytes, contentType, width, height })

const explain = (record: ImageRecord, error: unknown): FileProblem => describeProblem(record.relativePath, record.path, error)

export function createPictures(thumbs: Thumbs, settle: Settle): Pictures {
  const lanes = createLanes(slots, backgroundSlots)
  const cache = createByteCache<RenderedPicture>(cacheBytes, ({ bytes }) => bytes.length)
  const underWay = new Map<string, Promise<RenderedPicture>>()

  const keep = (hash: string, edge: number, picture: RenderedPicture): RenderedPicture => {
    if (picture.bytes.length <= largestCached) cache.set(`${hash} ${edge}`, picture)
    return picture
  }

  /** What is asked for twice is made once. */
  const once = (key: string, work: () => Promise<RenderedPicture>): Promise<RenderedPicture> => {
    const running = underWay.get(key)
    if (running !== undefined) return running
    const started = work().finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }

  const storedThumbnail = async (hash: string): Promise<RenderedPicture | undefined> => cache.get(`${hash} ${thumbnailEdge}`) ?? thumbs.read(hash)

  const decode = async (library: Library, record: ImageRecord, { bytes, stamp }: SettledBytes, hash: string): Promise<RenderedPicture> => {
    const twin = twinOf(library, hash)
    const twins = twin === undefined ? undefined : await storedThumbnail(hash)
    if (twin?.look !== undefined && twins !== undefined) {
      settle.whole(library, record, { stamp, hash, look: twin.look, width: twin.width, height: twin.height })
      return twins
    }
    const picture = await renderImage(bytes, thumbnailEdge)
    settle.whole(library, record, { stamp, hash, look: await differenceHash(picture.bytes), width: picture.sourceWidth, height: picture.sourceHeight })
    await thumbs.write(hash, picture)
    return picture
  }

  /** Reads the file whole, settles what it is and gives its thumbnail. */
  const examine = (library: Library, record: ImageRecord, stamp: FileStamp): Promise<RenderedPicture> =>
    once(`examine ${record.id} ${stampKey(stamp)}`, async () => {
      let read: { readonly stamp: FileStamp; readonly hash: string } | undefined
      try {
        const settled = await readSettled(record.path)
        const hash = await contentHash(settled.bytes)
        read = { stamp: settled.stamp, hash }
        return await decode(library, record, settled, hash)
      } catch (error) {
        const problem = explain(record, error)
        settle.broken(library, record, problem, isLasting(problem) ? read : undefined)
        throw problemError(problem)
      }
    })

  const shrink = async (thumbnail: RenderedPicture, edge: number): Promise<RenderedPicture> =>
    Math.max(thumbnail.width, thumbnail.height) <= edge ? thumbnail : renderImage(Buffer.from(thumbnail.bytes), edge)

  const large = async (record: ImageRecord, edge: number): Promise<RenderedPicture> => {
    try {
      return await renderImage(await readImageFile(record.path), edge)
    } catch (error) {
      throw problemError(explain(record, error))
    }
  }

  const produce = async (library: Library, record: ImageRecord, edge: number, stamp: FileStamp): Promise<RenderedPicture> => {
    const known = mustRead(record, stamp) ? undefined : record.hash
    if (known !== undefined && edge > thumbnailEdge) return keep(known, edge, await large(record, edge))
    const thumbnail = (known === undefined ? undefined : await storedThumbnail(known)) ?? (await examine(library, record, stamp))
    const hash = record.hash ?? ''
    keep(hash, thumbnailEdge, thumbnail)
    if (edge === thumbnailEdge) return thumbnail
    return keep(hash, edge, edge > thumbnailEdge ? await large(record, edge) : await shrink(thumbnail, edge))
  }

  /** What was known of a file that cannot be reached, where that is a thumbnail. */
  const remembered = async ({ hash }: ImageRecord, edge: number): Promise<RenderedPicture | undefined> => {
    if (hash === undefined || edge > thumbnailEdge) return undefined
    const thumbnail = await storedThumbnail(hash)
    return thumbnail === undefined ? undefined : cache.get(`${hash} ${edge}`) ?? keep(hash, edge, await shrink(thumbnail, edge))
  }

  const render = async (library: Library, record: ImageRecord, maxEdge: number): Promise<RenderedPicture> => {
    let stamp: FileStamp
    try {
      stamp = await readStamp(record.path)
    } catch (error) {
      const picture = record.state === 'whole' ? await lanes.urgent(() => remembered(record, maxEdge)) : undefined
      if (picture !== undefined) return picture
      throw problemError(explain(record, error))
    }
    if (record.problem !== undefined && !mustRead(record, stamp)) throw problemError(record.problem)
    const cached = mustRead(record, stamp) || record.hash === undefined ? undefined : cache.get(`${record.hash} ${maxEdge}`)
    return cached ?? once(`${maxEdge} ${record.id} ${stampKey(stamp)}`, () => lanes.urgent(() => produce(library, record, maxEdge, stamp)))
  }

  return {
    render: async (library, record, maxEdge) => shown(await render(library, record, maxEdge)),
    check: (library, record) =>
      lanes.background(async () => {
        if (library.closing.signal.aborted) return
        try {
          const stamp = await readStamp(record.path)
          if (mustRead(record, stamp)) await examine(library, record, stamp)
        } catch (error) {
          // What went wrong with the picture has been settled; what kept it from being looked at has not.
          if (record.state === 'unread') settle.broken(library, record, explain(record, error), undefined)
        }
      }),
    read: async (library, record) => {
      let settled: PictureBytes & { readonly stamp: FileStamp }
      try {
        const { bytes, stamp } = await readSettled(record.path)
        settled = { bytes, stamp, hash: await contentHash(bytes) }
      } catch (error) {
        throw problemError(explain(record, error))
      }
      const { bytes, hash, stamp } = settled
      // Whether it can be decoded is for whoever asked to find out.
      if (hash !== record.hash || !record.wasReadAs(stamp)) await lanes.urgent(() => examine(library, record, stamp)).catch(() => undefined)
      return { bytes, hash }
    },
  }
}
