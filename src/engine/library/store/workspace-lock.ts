/** @file One writer of a workspace at a time. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../../contract'
import { acquireLock } from '../../files'

const lockFile = 'lock'

/**
 * Takes the lock of a workspace; that of a process that is gone is taken over. Answers how to give it back.
 * @throws EngineError BUSY with `pid`, `host` and `since` of the holder, NOT_FOUND when there is no such folder, DISK
 */
export async function lockWorkspace(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, lockFile)
  const acquired = await acquireLock(path)
  if (acquired.kind === 'taken') return () => acquired.release()
  const { pid, host, since } = acquired.record
  const elsewhere = host === hostname() ? '' : `. If nothing uses it there any more, delete ${path}`
  throw new EngineError('BUSY', `The workspace ${folder} is in use by process ${pid} on ${host} since ${since}${elsewhere}. Close that one, or choose another workspace`, {
    detail: { path: folder, pid, host, since },
  })
}
