/** @file Copies originals into a folder outside the library; they themselves are never moved or written. */
import { mkdir, realpath, stat, statfs } from 'node:fs/promises'
import { sep } from 'node:path'
import { EngineError, messageOf, type CopyEvent, type CopyResult, type FileProblem, type JobContext } from '../contract'
import { syncFolder, type FilePath } from '../files'
import type { LibraryImage } from '../library'
import { createProgress } from '../progress'
import { isInside } from './access'
import { copyFileInto, NotCopied, pathIn } from './copy-file'

export interface CopyPicturesRequest {
  readonly images: readonly Pick<LibraryImage, 'path' | 'relativePath' | 'sizeBytes' | 'gone'>[]
  /** Real path of the folder that the pictures lie in. */
  readonly root: string
  /** An existing folder outside of it. */
  readonly folder: string
  readonly keepFolders: boolean
}

/** Faults of one path, after which others can be written: the last two where a file lies in the way of a folder. */
const pathProblems = new Set(['ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'EEXIST', 'ENOTDIR'])

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

/** @returns the real path @throws EngineError SOURCE_UNAVAILABLE, BAD_REQUEST for what is no folder, FORBIDDEN inside the library */
async function requireTarget(folder: string, root: string): Promise<string> {
  const real = await realpath(folder).catch((error: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder} cannot be reached: ${messageOf(error)}`, { detail: { path: folder }, cause: error })
  })
  if (!(await stat(real)).isDirectory()) throw new EngineError('BAD_REQUEST', `${folder} is not a folder`, { detail: { path: folder } })
  if (isInside(root, real)) throw new EngineError('FORBIDDEN', `${folder} lies in the opened folder ${root}; choose one outside of it`, { detail: { path: folder, root } })
  return real
}

/** Asks before anything is written. Where the file system cannot tell, writing will. @throws EngineError DISK with both sizes */
async function requireRoom(folder: string, neededBytes: number): Promise<void> {
  const space = await statfs(folder).catch(() => undefined)
  if (space === undefined) return
  const freeBytes = space.bavail * space.bsize
  if (freeBytes < neededBytes)
    throw new EngineError('DISK', `the pictures have ${megabytes(neededBytes)} and the disk of ${folder} has ${megabytes(freeBytes)} free; nothing was copied`, { detail: { path: folder, neededBytes, freeBytes } })
}

/** The path below the root as bytes: names are copied as they are, text or not. */
function pathBelow(root: string, path: FilePath): Buffer {
  const start = Buffer.from(root.endsWith(sep) ? root : root + sep)
  const bytes = Buffer.from(path)
  if (!bytes.subarray(0, start.length).equals(start)) throw new EngineError('INTERNAL', `${path.toString()} does not lie in ${root}`)
  return bytes.subarray(start.length)
}

/** Where each picture goes: made once per folder, and never led elsewhere by a link. */
function createFolders(target: string, root: string) {
  const made = new Map<string, FilePath>()
  return async (below: Buffer): Promise<FilePath> => {
    const key = below.toString('latin1')
    const known = made.get(key)
    if (known !== undefined) return known
    const folder = below.length === 0 ? target : pathIn(target, below)
    await mkdir(folder, { recursive: true })
    const real = (await realpath(folder, 'buffer')).toString('utf8')
    if (!isInside(target, real) || isInside(root, real))
      throw new NotCopied('FORBIDDEN', isInside(root, real) ? `${folder.toString()} lies in the opened folder` : `${folder.toString()} leads out of ${target}`)
    made.set(key, folder)
    return folder
  }
}

/**
 * Copies pictures, each whole and checked or not at all. Where a name is taken it gets a number; what cannot be read is told and
 * left out. Ended early, by a cancel or the disk, it leaves what was copied.
 * @throws EngineError FORBIDDEN, BAD_REQUEST or SOURCE_UNAVAILABLE for the folder; DISK when there is no room or a write fails; the signal's reason
 */
export async function copyPictures({ images, root, folder, keepFolders }: CopyPicturesRequest, { signal, emit }: JobContext<CopyEvent>): Promise<CopyResult> {
  const target = await requireTarget(folder, root)
  await requireRoom(target, images.reduce((sum, { sizeBytes, gone }) => sum + (gone ? 0 : sizeBytes), 0))
  const folderFor = createFolders(target, root)
  const numbers = new Map<string, number>()
  const skipped: FileProblem[] = []
  let copied = 0

  const copy = async ({ path, gone }: CopyPicturesRequest['images'][number]): Promise<void> => {
    if (gone) throw new NotCopied('SOURCE_UNAVAILABLE', 'the file is not there any more')
    const below = pathBelow(root, path)
    const at = below.lastIndexOf(sep)
    const to = await folderFor(keepFolders && at >= 0 ? below.subarray(0, at) : Buffer.alloc(0))
    const name = below.subarray(at + 1)
    const key = pathIn(to, name).toString('latin1')
    const number = await copyFileInto(path, to, name, numbers.get(key) ?? 1, signal)
    numbers.set(key, number + 1)
  }

  const progress = createProgress('Copying pictures', images.length, emit)
  for (const image of images) {
    signal.throwIfAborted()
    try {
      await copy(image)
      copied++
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!(error instanceof NotCopied) && !pathProblems.has(code ?? '')) {
        if (error instanceof EngineError || typeof code !== 'string') throw error
        throw new EngineError('DISK', `${target} cannot be written: ${messageOf(error)}; ${copied} of ${images.length} pictures have been copied`, { detail: { path: target, code, copied }, cause: error })
      }
      const problem = { relativePath: image.relativePath, code: error instanceof NotCopied ? error.code : 'DISK', reason: messageOf(error) }
      skipped.push(problem)
      emit({ kind: 'skipped', problem })
    }
    progress.advance(1)
  }
  await syncFolder(target).catch(() => undefined)
  progress.finish()
  return { copied, folder: target, skipped }
}
