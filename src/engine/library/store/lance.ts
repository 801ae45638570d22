/** @file The one door to LanceDB: loaded when a table is first wanted, its errors told as ours. */
import { createRequire } from 'node:module'
import type { Connection, Index } from '@lancedb/lancedb'
import { EngineError, messageOf } from '../../contract'

/**
 * Arrow as LanceDB itself loads it: its checks are `instanceof`, so columns made by another copy of the package would be
 * taken apart and made again.
 */
export const arrow = createRequire(import.meta.url)('apache-arrow') as typeof import('apache-arrow')

/** LanceDB would keep up to 6 GB of indexes and 1 GB of metadata. */
const indexCacheBytes = 2n * 2n ** 30n
const metadataCacheBytes = 128n * 2n ** 20n

type LanceModule = typeof import('@lancedb/lancedb')
let loaded: Promise<LanceModule> | undefined

function load(): Promise<LanceModule> {
  // Telling whether there is an index would otherwise hand over the means of all its partitions.
  process.env['LANCE_INCLUDE_VECTOR_CENTROIDS'] ??= 'false'
  return (loaded ??= import('@lancedb/lancedb'))
}

/** Opens the folder that holds tables. Each connection has caches of its own, so a new one sees what is on the disk. */
export async function connectTables(folder: string): Promise<Connection> {
  const { connect, Session } = await load()
  return await asDiskError(folder, () => connect(folder, {}, new Session(indexCacheBytes, metadataCacheBytes)))
}

/** What kinds of vector index there are. */
export async function indexKinds(): Promise<typeof Index> {
  return (await load()).Index
}

/** What the operating system says through Rust, by its number. Source: errno.h, winerror.h. */
const systemCodes: ReadonlyMap<string, string> =
  process.platform === 'win32'
    ? new Map([['5', 'EACCES'], ['19', 'EROFS'], ['39', 'ENOSPC'], ['112', 'ENOSPC'], ['4', 'EMFILE']])
    : new Map([['5', 'EIO'], ['13', 'EACCES'], ['24', 'EMFILE'], ['28', 'ENOSPC'], ['30', 'EROFS'], ['122', 'EDQUOT'], ['69', 'EDQUOT']])

/** The system's own refusal behind an error, if that is what it is: such a one says nothing about what the files hold. */
export function systemCodeOf(error: unknown): string | undefined {
  const message = messageOf(error)
  const number = /\(os error (\d+)\)/.exec(message)?.[1]
  // "No such file" is about the files: a part of the table is gone.
  if (number !== undefined && number !== '2') return systemCodes.get(number) ?? `os error ${number}`
  return (error as NodeJS.ErrnoException | undefined)?.code?.match(/^E[A-Z]+$/)?.[0]
}

/** Whether LanceDB itself refused. */
export function isLanceError(error: unknown): error is Error {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'GenericFailure'
}

/** Its messages go on with the place in its sources and with themselves again. */
export function briefly(error: unknown): string {
  return messageOf(error).split(/, \/|\s+Caused by/)[0]!.trim()
}

/** Does `work` and tells what fails as a failure of the disk at `path`. @throws EngineError DISK */
export async function asDiskError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw new EngineError('DISK', `${path}: ${briefly(error)}`, { detail: { path, code: systemCodeOf(error) }, cause: error })
  }
}
