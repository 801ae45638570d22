/** @file A lock file that names its holder and outlives nobody: made whole, taken over only from the dead, by one taker at a time. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError, messageOf } from '../contract'
import { partialName } from './write'
import { isSameProcess, processIdentity } from './process-identity'

const recordSchema = z.object({ pid: z.number().int().positive(), host: z.string(), since: z.string(), identity: z.string().optional(), token: z.string() })
/** Who holds a lock. */
export type LockRecord = z.infer<typeof recordSchema>

/** Of a lock: taken by us, to be released; or held by another. */
export type Acquired = { readonly kind: 'taken'; release(): Promise<void> } | { readonly kind: 'held'; readonly record: LockRecord }

const takeoverSuffix = '.takeover'
/** Taking over is done in milliseconds; each level is a taker that died in just those. */
const maximumDepth = 4
const maximumTries = 100
const waitMs = 20

/**
 * Takes the lock at `path`. One whose holder is gone, or that a power cut has torn, is replaced; whoever replaces it holds
 * a second lock meanwhile, so that of two who saw the same dead holder neither takes what the other has just taken.
 * @throws EngineError NOT_FOUND when there is no such folder, DISK
 */
export async function acquireLock(path: string, depth = 0): Promise<Acquired> {
  const token = randomBytes(16).toString('hex')
  const mine: LockRecord = { pid: process.pid, host: hostname(), since: new Date().toISOString(), identity: await processIdentity(process.pid), token }
  // Written before it takes the name, so that no lock is ever seen without its holder.
  const candidate = join(dirname(path), partialName(basename(path), token.slice(0, 8)))
  const taken: Acquired = { kind: 'taken', release: () => releaseLock(path, token) }
  try {
    await writeFile(candidate, `${JSON.stringify(mine)}\n`, { flag: 'wx', flush: true })
    for (let tries = 0; tries < maximumTries; tries++) {
      if (await linkNew(candidate, path)) return taken
      const found = await readLock(path)
      if (found === undefined) continue
      if (found !== 'torn' && (await isHeld(found))) return { kind: 'held', record: found }
      if (depth < maximumDepth && (await replaceDead(candidate, path, depth))) return taken
      await wait(waitMs)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof EngineError) throw error
    if (code === 'ENOENT') throw new EngineError('NOT_FOUND', `There is no folder ${dirname(path)}`, { detail: { path: dirname(path) }, cause: error })
    throw new EngineError('DISK', `${path} cannot be made: ${messageOf(error)}`, { detail: { path, code }, cause: error })
  } finally {
    await rm(candidate, { force: true }).catch(() => undefined)
  }
  throw new EngineError('DISK', `${path} names nobody that lives and cannot be replaced; delete it`, { detail: { path } })
}

/** Who holds the lock at `path`, if anybody lives that does. */
export async function holderOf(path: string): Promise<LockRecord | undefined> {
  const found = await readLock(path)
  return found !== undefined && found !== 'torn' && (await isHeld(found)) ? found : undefined
}

/** Puts `candidate` in the place of a dead lock; false when another is at it, or has been. */
async function replaceDead(candidate: string, path: string, depth: number): Promise<boolean> {
  const guard = await acquireLock(path + takeoverSuffix, depth + 1)
  if (guard.kind === 'held') return false
  try {
    const found = await readLock(path)
    if (found === undefined || (found !== 'torn' && (await isHeld(found)))) return false
    await rename(candidate, path)
    return true
  } finally {
    await guard.release()
  }
}

/** What file systems without hard links say, as on memory sticks. */
const noLinkCodes: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

/** False when there is a lock already. */
async function linkNew(candidate: string, path: string): Promise<boolean> {
  try {
    await link(candidate, path).catch(async (error: unknown) => {
      if (!noLinkCodes.includes((error as NodeJS.ErrnoException).code)) throw error
      await copyFile(candidate, path, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined when there is no lock. */
async function readLock(path: string): Promise<LockRecord | 'torn' | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new EngineError('DISK', `${path} cannot be read: ${messageOf(error)}`, { detail: { path }, cause: error })
  }
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? 'torn'
  } catch {
    return 'torn'
  }
}

/** Of a process on another computer nothing can be known, so it is believed. */
async function isHeld({ host, pid, identity }: LockRecord): Promise<boolean> {
  return host !== hostname() || isSameProcess(pid, identity)
}

async function releaseLock(path: string, token: string): Promise<void> {
  const found = await readLock(path).catch(() => undefined)
  if (found !== undefined && found !== 'torn' && found.token === token) await rm(path, { force: true }).catch(() => undefined)
}
