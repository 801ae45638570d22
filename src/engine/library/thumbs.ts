/** @file Thumbnails on the disk, by the content they show: made once, there for every folder and while a drive is unplugged. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPartialName, partialName } from '../files'
import type { RenderedPicture } from '../image'
import { pruneFolder } from './prune-folder'

export interface Thumbs {
  /** Undefined when there is none, or only a damaged one, which is then made again. */
  read(hash: string): Promise<RenderedPicture | undefined>
  /** Keeps a thumbnail where the disk lets it: it can be made again, so that it could not be kept is told and is no failure. */
  write(hash: string, picture: RenderedPicture): Promise<void>
  /** Deletes the longest unused where there are more bytes than allowed; for when nobody waits. */
  prune(): Promise<void>
}

export interface ThumbsOptions {
  readonly folder: string
  readonly maxBytes: number
  onTrouble(error: unknown): void
}

const hexHash = /^[0-9a-f]{64}$/
/** Behind the end of the picture, where no viewer looks: four sizes and a hash of everything before it. */
const trailerMark = Buffer.from('DSt1', 'latin1')
const checkBytes = 8
const trailerBytes = trailerMark.length + 4 * 4 + checkBytes
const kinds = [
  ['jpg', 'image/jpeg'],
  ['png', 'image/png'],
] as const
/** A thumbnail that is used counts as new, to the day. */
const usedAgainMs = 24 * 60 * 60 * 1000

const check = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest().subarray(0, checkBytes)

function seal({ bytes, width, height, sourceWidth, sourceHeight }: RenderedPicture): Buffer {
  const sizes = Buffer.alloc(16)
  for (const [index, size] of [width, height, sourceWidth, sourceHeight].entries()) sizes.writeUInt32LE(size, index * 4)
  const body = Buffer.concat([bytes, trailerMark, sizes])
  return Buffer.concat([body, check(body)])
}

function unseal(file: Buffer, contentType: string): RenderedPicture | undefined {
  const end = file.length - trailerBytes
  if (end <= 0 || !trailerMark.equals(file.subarray(end, end + trailerMark.length))) return undefined
  const checkAt = file.length - checkBytes
  if (!check(file.subarray(0, checkAt)).equals(file.subarray(checkAt))) return undefined
  const size = (index: number): number => file.readUInt32LE(end + trailerMark.length + index * 4)
  return { bytes: file.subarray(0, end), contentType, width: size(0), height: size(1), sourceWidth: size(2), sourceHeight: size(3) }
}

async function readUsed(path: string): Promise<Buffer | undefined> {
  const handle = await open(path, 'r').catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { mtimeMs } = await handle.stat()
    const now = Date.now()
    if (now - mtimeMs > usedAgainMs) await handle.utimes(now / 1000, now / 1000).catch(() => undefined)
    return await handle.readFile()
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

export function createThumbs({ folder, maxBytes, onTrouble }: ThumbsOptions): Thumbs {
  const made = new Set<string>()
  let pruning: Promise<void> | undefined
  /** Unknown until it has been counted; at most what is there. */
  let storedBytes: number | undefined
  let writtenBytes = 0
  let failing = false

  const place = (hash: string): string => join(folder, hash.slice(0, 2))

  const prune = async (): Promise<void> => {
    if (writtenBytes === 0 || (storedBytes !== undefined && storedBytes + writtenBytes <= maxBytes)) return
    const before = writtenBytes
    storedBytes = await pruneFolder(folder, maxBytes, isPartialName)
    writtenBytes -= before
  }

  return {
    read: async (hash) => {
      if (!hexHash.test(hash)) return undefined
      for (const [extension, contentType] of kinds) {
        const file = await readUsed(join(place(hash), `${hash}.${extension}`))
        const picture = file === undefined ? undefined : unseal(file, contentType)
        if (picture !== undefined) return picture
      }
      return undefined
    },
    write: async (hash, picture) => {
      const extension = kinds.find(([, contentType]) => contentType === picture.contentType)?.[0]
      if (!hexHash.test(hash) || extension === undefined) return
      const name = `${hash}.${extension}`
      const temporary = join(place(hash), partialName(name, randomBytes(4).toString('hex')))
      const file = seal(picture)
      try {
        if (!made.has(place(hash))) await mkdir(place(hash), { recursive: true })
        made.add(place(hash))
        // Not flushed to the disk: one that a power cut damages is noticed by its check and made again.
        await writeFile(temporary, file, { flag: 'wx' })
        await rename(temporary, join(place(hash), name))
        writtenBytes += file.length
        failing = false
      } catch (error) {
        made.delete(place(hash))
        await rm(temporary, { force: true }).catch(() => undefined)
        if (!failing) onTrouble(error)
        failing = true
      }
    },
    prune: () => {
      pruning ??= prune()
        .catch(onTrouble)
        .finally(() => {
          pruning = undefined
        })
      return pruning
    },
  }
}
