/** @file Finds out before the work begins whether its result can be written. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, messageOf } from '../engine/contract'
import { partialName } from '../engine/files'

function refuse(path: string, reason: string, option: string, cause?: unknown): EngineError {
  return new EngineError('DISK', `${option}: ${path} cannot be written: ${reason}`, { detail: { path }, cause })
}

/** Writes into `folder` and takes it back: only that tells on every platform whether it may be written. */
async function tryFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const probe = join(folder, partialName('probe', randomBytes(4).toString('hex')))
  const handle = await open(probe, 'wx')
  await handle.close()
  await rm(probe, { force: true })
}

/** Makes the folder that results go to. @throws EngineError DISK naming `folder` when nothing can be written into it */
export async function prepareOutputFolder(folder: string): Promise<void> {
  await tryFolder(folder).catch((cause: unknown) => {
    throw refuse(folder, messageOf(cause), '--out', cause)
  })
}

/** Makes the folder that `path`, which `option` names, goes to. @throws EngineError DISK naming `path` when it is a folder or cannot be written */
export async function prepareOutputFile(path: string, option = '--out'): Promise<void> {
  await tryFolder(dirname(path)).catch((cause: unknown) => {
    throw refuse(path, messageOf(cause), option, cause)
  })
  const isFolder = await stat(path).then((stats) => stats.isDirectory(), () => false)
  if (isFolder) throw refuse(path, 'it is a folder; the name of a file was expected', option)
}
