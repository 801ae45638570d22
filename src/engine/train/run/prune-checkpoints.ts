/** @file Which checkpoints may go: never the last two that are whole, never the best. */
import { randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, messageOf } from '../../contract'
import { partialName } from '../../files'
import { checkLengths, checkOwner } from './checkpoint-manifest'
import { listCheckpoints, type CheckpointInfo } from './find-checkpoint'
import { checkpointName, checkpointsFolder } from './layout'
import type { RunFolder } from './run-folder'

const keptCount = 2

/**
 * Deletes what is older than the last two whole checkpoints of the run and is not the best. Whole means all files with
 * their lengths; one that is not, or is of another run, does not count and is left where it lies.
 * @throws EngineError DISK when one cannot be deleted; the others are
 */
export async function pruneCheckpoints(run: RunFolder): Promise<void> {
  const folder = checkpointsFolder(run.folder)
  const whole: CheckpointInfo[] = []
  for (const info of await listCheckpoints(run.folder))
    if (checkOwner(info.manifest, run.description) === undefined && (await checkLengths(info.folder, info.manifest)) === undefined) whole.push(info)
  const best = whole.findLast((info) => info.best)
  const doomed = whole.slice(0, -keptCount).filter((info) => info !== best)
  const failures: unknown[] = []
  for (const info of doomed) {
    // Renamed first: a checkpoint of which half is deleted would look like a damaged one.
    const leaving = join(folder, partialName(checkpointName(info.step), randomBytes(4).toString('hex')))
    try {
      await rename(info.folder, leaving)
      await rm(leaving, { recursive: true, force: true })
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new EngineError('DISK', `Older checkpoints in ${folder} cannot be deleted: ${messageOf(failures[0])}`, { detail: { path: folder }, cause: failures[0] })
}
