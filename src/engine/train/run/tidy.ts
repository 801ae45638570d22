/** @file Clears away what an interrupted writer left in a run. Only for who holds the lock: others may be writing. */
import { access, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isPartialName } from '../../files'
import { checkpointsFolder, descriptionFile, lockFile, replacedSuffix } from './layout'

/** A run may be renamed, and others may ask for the lock, at any time: what is unfinished there may still be at work. */
const writtenByOthers = [`.${descriptionFile}.`, `.${lockFile}.`]
const atWorkMs = 60_000

/**
 * Deletes unfinished files and folders; puts back a checkpoint that was about to be replaced where its successor never came.
 * What cannot be cleared is left: it is in nobody's way.
 */
export async function tidyRunFolder(folder: string): Promise<void> {
  const checkpoints = checkpointsFolder(folder)
  for (const name of await namesIn(checkpoints)) {
    if (!name.endsWith(replacedSuffix)) continue
    const path = join(checkpoints, name)
    const original = path.slice(0, -replacedSuffix.length)
    const hasSuccessor = await access(original).then(() => true, () => false)
    await (hasSuccessor ? rm(path, { recursive: true, force: true }) : rename(path, original)).catch(() => undefined)
  }
  for (const place of [folder, checkpoints, join(folder, 'probes'), join(folder, 'export')])
    for (const name of await namesIn(place)) {
      const path = join(place, name)
      if (!isPartialName(name) || (writtenByOthers.some((prefix) => name.startsWith(prefix)) && (await isFresh(path)))) continue
      await rm(path, { recursive: true, force: true }).catch(() => undefined)
    }
}

async function isFresh(path: string): Promise<boolean> {
  return stat(path).then(({ mtimeMs }) => Math.abs(Date.now() - mtimeMs) < atWorkMs, () => false)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => [])
}
