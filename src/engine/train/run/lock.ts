/** @file One trainer per run. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../../contract'
import { lockFile } from './layout'
import { acquireLock, holderOf } from '../../files'
import { tidyRunFolder } from './tidy'

/** Who holds a run. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  /** ISO 8601. */
  readonly since: string
}

/** The right to change a run's checkpoints and logs; held until it is released or the process ends. */
export interface RunLock {
  readonly folder: string
  release(): Promise<void>
}

/**
 * Takes the lock of a run and clears away what an interrupted writer left. The lock of a process that is gone is taken over,
 * that of one on another computer is not.
 * @throws EngineError BUSY naming the holder, NOT_FOUND when there is no such folder, DISK
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const acquired = await acquireLock(join(folder, lockFile))
  if (acquired.kind === 'held') throw busy(folder, acquired.record)
  await tidyRunFolder(folder)
  return { folder, release: () => acquired.release() }
}

/** Who trains the run in `folder`, if anybody does. @throws EngineError DISK when that cannot be read */
export async function lockHolder(folder: string): Promise<LockHolder | undefined> {
  const record = await holderOf(join(folder, lockFile))
  return record === undefined ? undefined : { pid: record.pid, host: record.host, since: record.since }
}

/** @throws EngineError BUSY naming the holder */
export async function requireUnlocked(folder: string): Promise<void> {
  const holder = await lockHolder(folder)
  if (holder !== undefined) throw busy(folder, holder)
}

function busy(folder: string, { pid, host, since }: LockHolder): EngineError {
  const elsewhere = host === hostname() ? '' : `. If nothing trains it there any more, delete ${join(folder, lockFile)}`
  return new EngineError('BUSY', `The run in ${folder} is in use by process ${pid} on ${host} since ${since}${elsewhere}`, {
    detail: { path: folder, pid, host, since },
  })
}
