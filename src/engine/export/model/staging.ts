/** @file Files that are made and checked in a folder of their own beside their place, and take their names only then. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EngineError, messageOf } from '../../contract'
import { isPartialName, partialName, syncFolder } from '../../files'

/** What was made is not what it should be; it is kept for whoever wants to know why. */
export class FailedCheck extends Error {
  constructor(readonly reason: EngineError) {
    super(reason.message)
  }
}

/**
 * Gives `make` an empty folder beside `path`; the files it names then move beside `path` in that order, so the last one
 * stands for all of them. On failure what was there before stays.
 * @param keepFailed whether what a {@link FailedCheck} rejects is kept as the folder `path`.failed, which its error names as `detail.kept`
 * @throws EngineError DISK when the file system refuses; what `make` throws passes through
 */
export async function stageBeside(path: string, make: (folder: string) => Promise<readonly string[]>, keepFailed = false): Promise<string[]> {
  const parent = dirname(path)
  const isFolder = await stat(path).then((stats) => stats.isDirectory(), () => false)
  if (isFolder) throw new EngineError('DISK', `${path} is a folder; the name of a file was expected`, { detail: { path } })
  const staging = join(parent, partialName(basename(path), randomBytes(4).toString('hex')))
  try {
    await mkdir(staging, { recursive: true })
    await removeAbandoned(parent, basename(path))
    const names = await make(staging)
    await syncFolder(staging)
    for (const name of names) await rename(join(staging, name), join(parent, name))
    await syncFolder(parent)
    return names.map((name) => join(parent, name))
  } catch (error) {
    if (error instanceof FailedCheck) throw keepFailed ? await keep(staging, `${path}.failed`, error.reason) : error.reason
    if (error instanceof EngineError) throw withoutStaging(error, staging, parent)
    const { code } = error as NodeJS.ErrnoException
    // A cancelled write has a code too, but a number.
    if (typeof code !== 'string') throw error
    throw new EngineError('DISK', `${path} cannot be written: ${messageOf(error)}`, { detail: { path, code }, cause: error })
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** An export that was killed may have left gigabytes; a younger one may still be at work. */
const abandonedAfterMs = 24 * 60 * 60 * 1000

async function removeAbandoned(parent: string, name: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(`.${name}.`) || !isPartialName(entry)) continue
    const path = join(parent, entry)
    const changed = await stat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity)
    if (Date.now() - changed >= abandonedAfterMs) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** People are told of the file that they asked for. */
function withoutStaging(error: EngineError, staging: string, parent: string): EngineError {
  if (!error.message.includes(staging)) return error
  const detail = Object.fromEntries(Object.entries(error.detail ?? {}).map(([key, value]) => [key, typeof value === 'string' ? value.replace(staging, parent) : value]))
  return new EngineError(error.code, error.message.replaceAll(staging, parent), { detail, cause: error })
}

async function keep(staging: string, kept: string, { code, message, detail }: EngineError): Promise<EngineError> {
  await rm(kept, { recursive: true, force: true })
  await rename(staging, kept)
  return new EngineError(code, `${message}. What was written is kept in ${kept}`, { detail: { ...detail, kept } })
}

/** Writes a new file and flushes it; `write` appends. */
export async function writeNew(path: string, write: (append: (bytes: Uint8Array) => Promise<void>) => Promise<void>): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    // Not handle.write, which may write a part only.
    await write((bytes) => handle.writeFile(bytes))
    await handle.sync()
  } finally {
    await handle.close()
  }
}
