/** @file The pictures of a run, in their order: which files they are, whatever bytes their names have, and their fingerprint. */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { join, sep } from 'node:path'
import { z } from 'zod'
import { EngineError } from '../../contract'
import { saveFile, type FilePath } from '../../files'
import { imagesFile } from './layout'
import { countSchema, readRecord } from './record'

/** One picture as the list keeps it. */
export interface ListedImage {
  /** Below the root, with `/`, escaped as a scan shows it: `\xE9` for a byte that is not UTF-8, a backslash doubled. */
  readonly relativePath: string
  readonly sizeBytes: number
}

/** One picture to train on. */
export interface RunImage extends ListedImage {
  readonly path: FilePath
}

const maximumBytes = 2 ** 29
const schema = z.object({ schema: z.literal(1), images: z.array(z.tuple([z.string(), countSchema])) })

/** SHA-256 over names and sizes in their order: the order of training depends on all of it, on the root it does not. */
export function imagesFingerprint(images: readonly ListedImage[]): string {
  const hash = createHash('sha256')
  for (const { relativePath, sizeBytes } of images) hash.update(`${relativePath}\0${sizeBytes}\n`)
  return hash.digest('hex')
}

/** @throws EngineError DISK */
export async function writeImageList(folder: string, images: readonly ListedImage[]): Promise<void> {
  const lines = images.map(({ relativePath, sizeBytes }) => JSON.stringify([relativePath, sizeBytes]))
  await saveFile(join(folder, imagesFile), `{"schema":1,"images":[\n${lines.join(',\n')}\n]}\n`)
}

/**
 * Reads the list of a run and checks that it is the one the run began with.
 * @throws EngineError CHECKPOINT when it is damaged or another one, SOURCE_UNAVAILABLE
 */
export async function readImageList(folder: string, root: string, fingerprint: string): Promise<readonly RunImage[]> {
  const path = join(folder, imagesFile)
  const { images } = await readRecord(path, schema, maximumBytes)
  const listed = images.map(([relativePath, sizeBytes]): ListedImage => ({ relativePath, sizeBytes }))
  if (imagesFingerprint(listed) !== fingerprint)
    throw new EngineError('CHECKPOINT', `${path} is not the list of pictures this run began with; put the original back, or start a new run from its weights`, {
      detail: { path },
    })
  return listed.map((image) => ({ ...image, path: imagePath(root, image.relativePath) }))
}

/**
 * The path of a picture below `root`: a string wherever that names the same file, else bytes.
 * @throws EngineError CHECKPOINT for a path that leaves the root or that no scan could have shown
 */
export function imagePath(root: string, relativePath: string): FilePath {
  const parts = relativePath.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || relativePath.includes('\0'))
    throw new EngineError('CHECKPOINT', `The list of pictures holds ${JSON.stringify(relativePath)}, which is not a path below its folder`, { detail: { path: relativePath } })
  const base = root.endsWith(sep) ? root : root + sep
  if (!relativePath.includes('\\')) return base + parts.join(sep)
  const name = Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [nameBytes(part)] : [Buffer.from(sep), nameBytes(part)])))
  return isUtf8(name) ? base + name.toString('utf8') : Buffer.concat([Buffer.from(base), name])
}

const escapePattern = /\\(?:\\|x([0-9A-F]{2}))/g

/** The bytes behind a name as a scan shows it. */
function nameBytes(shown: string): Buffer {
  const pieces: Buffer[] = []
  let end = 0
  for (const match of shown.matchAll(escapePattern)) {
    pieces.push(Buffer.from(shown.slice(end, match.index)))
    pieces.push(match[1] === undefined ? Buffer.from('\\') : Buffer.from(match[1], 'hex'))
    end = match.index + match[0].length
  }
  pieces.push(Buffer.from(shown.slice(end)))
  return Buffer.concat(pieces)
}
