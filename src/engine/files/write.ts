/** @file Writing so that a reader sees the old file or the whole new one: beside, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EngineError, messageOf } from '../contract'

const temporarySuffix = '.dinoscope-partial'

/** Whether a file name is one of our unfinished temporaries, which the next start may delete. */
export function isPartialName(name: string): boolean {
  return name.endsWith(temporarySuffix)
}

/** The name of the temporary that `name` is written under until it is whole; `tag` keeps two of them apart. */
export function partialName(name: string, tag: string): string {
  return `.${name}.${tag}${temporarySuffix}`
}

/** Flushes a folder's entries, where the platform can (Windows cannot open a folder). */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Gives `write` a handle to a temporary beside `path`, and its path for whoever wants to read it back; when it returns, the
 * file is flushed and takes the name.
 * On any failure the temporary is removed and the old file stays.
 * @throws EngineError DISK when the file system refuses; what `write` throws passes through
 */
export async function writeFileAtomically(path: string, write: (handle: FileHandle, temporary: string) => Promise<void>): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, partialName(basename(path), randomBytes(4).toString('hex')))
  try {
    await mkdir(folder, { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      await write(handle, temporary)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncFolder(folder)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    if (error instanceof EngineError) throw error
    const { code } = error as NodeJS.ErrnoException
    // A cancelled write has a code too, but a number.
    if (typeof code !== 'string') throw error
    throw new EngineError('DISK', `${path} cannot be written: ${messageOf(error)}`, { detail: { path, code }, cause: error })
  }
}

/** {@link writeFileAtomically} for content that is at hand. */
export async function saveFile(path: string, content: string | Uint8Array): Promise<void> {
  await writeFileAtomically(path, (handle) => handle.writeFile(content))
}
