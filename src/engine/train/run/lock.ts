/** @file One trainer per run: a lock file that names its holder and outlives nobody. */
import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf } from '../../contract'
import { partialName } from '../../files'
import { lockFile } from './layout'
import { isSameProcess, processIdentity } from './process-identity'
import { tidyRunFolder } from './tidy'

/** Who holds a lock. */
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

const lockSchema = z.object({ pid: z.number().int().positive(), host: z.string(), since: z.string(), identity: z.string().optional(), token: z.string() })
type LockRecord = z.infer<typeof lockSchema>

/** Each try loses to another process that came first; so many in a row do not happen. */
const maximumTries = 5

/**
 * Takes the lock of a run and clears away what an interrupted writer left. The lock of a process that is gone is taken over,
 * that of one on another computer is not, for nothing can be known of it.
 * @throws EngineError BUSY naming the holder, NOT_FOUND when there is no such folder, DISK
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = join(folder, lockFile)
  const token = randomBytes(16).toString('hex')
  const record: LockRecord = { pid: process.pid, host: hostname(), since: new Date().toISOString(), identity: await processIdentity(process.pid), token }
  const text = `${JSON.stringify(record)}\n`
  for (let tries = 0; tries < maximumTries; tries++) {
    if (await place(folder, path, text)) {
      await tidyRunFolder(folder)
      return { folder, release: () => release(path, token) }
    }
    const found = await readLock(path)
    if (found === undefined) continue
    if (found.record !== undefined && (await isHeld(found.record))) throw busy(folder, found.record)
    await setAside(folder, path, found.text)
  }
  throw new EngineError('BUSY', `The run in ${folder} is being taken by another process; try again`, { detail: { path: folder } })
}

/** Who trains the run in `folder`, if anybody does. */
export async function lockHolder(folder: string): Promise<LockHolder | undefined> {
  const record = (await readLock(join(folder, lockFile)))?.record
  if (record === undefined || !(await isHeld(record))) return undefined
  const { pid, host, since } = record
  return { pid, host, since }
}

/** @throws EngineError BUSY naming the holder */
export async function requireUnlocked(folder: string): Promise<void> {
  const holder = await lockHolder(folder)
  if (holder !== undefined) throw busy(folder, holder)
}

async function isHeld({ host, pid, identity }: LockRecord): Promise<boolean> {
  return host !== hostname() || isSameProcess(pid, identity)
}

function busy(folder: string, { pid, host, since }: LockHolder): EngineError {
  const elsewhere = host === hostname() ? '' : `. If nothing trains it there any more, delete ${join(folder, lockFile)}`
  return new EngineError('BUSY', `The run in ${folder} is in use by process ${pid} on ${host} since ${since}${elsewhere}`, {
    detail: { path: folder, pid, host, since },
  })
}

/** Makes the lock with its content, all at once; false when there is one. */
async function place(folder: string, path: string, text: string): Promise<boolean> {
  // Written before it is linked, so that no lock is ever seen without its holder.
  const candidate = join(folder, partialName(lockFile, randomBytes(4).toString('hex')))
  try {
    await writeFile(candidate, text, { flag: 'wx', flush: true })
    await link(candidate, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'ENOENT') throw new EngineError('NOT_FOUND', `There is no run in ${folder}`, { detail: { path: folder }, cause: error })
    throw new EngineError('DISK', `The run in ${folder} cannot be locked: ${messageOf(error)}`, { detail: { path: folder, code }, cause: error })
  } finally {
    await rm(candidate, { force: true }).catch(() => undefined)
  }
}

/** Undefined when there is no lock; a record only where it is whole: a torn one was left by a power cut, and nobody holds it. */
async function readLock(path: string): Promise<{ readonly text: string; readonly record: LockRecord | undefined } | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new EngineError('DISK', `${path} cannot be read: ${messageOf(error)}`, { detail: { path }, cause: error })
  }
  try {
    return { text, record: lockSchema.safeParse(JSON.parse(text)).data }
  } catch {
    return { text, record: undefined }
  }
}

/** Removes a stale lock. Of two processes that found it, one moves it; a lock that was moved by mistake is put back. */
async function setAside(folder: string, path: string, staleText: string): Promise<void> {
  const aside = join(folder, partialName(lockFile, randomBytes(4).toString('hex')))
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new EngineError('DISK', `The stale lock ${path} cannot be removed: ${messageOf(error)}`, { detail: { path }, cause: error })
  }
  if ((await readFile(aside, 'utf8').catch(() => undefined)) !== staleText) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true }).catch(() => undefined)
}

async function release(path: string, token: string): Promise<void> {
  if ((await readLock(path).catch(() => undefined))?.record?.token === token) await rm(path, { force: true }).catch(() => undefined)
}
