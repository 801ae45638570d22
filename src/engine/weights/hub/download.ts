/** @file One file from a server to the disk: resumed where it broke off, verified, and only then under its name. */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { EngineError, isEngineError, messageOf, type JobContext, type Progress } from '../../contract'
import { partialName, readRegularFile, saveFile, syncFolder } from '../../files'
import { createByteProgress } from './byte-progress'
import { openResponse, type FileResponse } from './request'

export interface DownloadRequest {
  readonly url: string
  /** Where the file is to lie. */
  readonly path: string
  /** Hex, where it is known. */
  readonly sha256: string | undefined
  /** Bytes, where they are known exactly. */
  readonly sizeBytes: number | undefined
  /** Waits between tries, milliseconds; a try that brought something begins them anew. */
  readonly waits?: readonly number[]
}

/** What is remembered of an unfinished file: whether the server still has the same one. */
interface Unfinished {
  readonly url: string
  readonly validator: string | undefined
  readonly totalBytes: number | undefined
}

const usualWaits = [500, 1000, 2000, 4000, 8000] as const
/** What stays free on the disk beside the file. */
const spareBytes = 64 * 2 ** 20
const hashChunk = 4 * 2 ** 20

function network(url: string, what: string, cause?: unknown): EngineError {
  return new EngineError('NETWORK', `${url}: ${what}`, { detail: { url }, cause })
}

function disk(path: string, error: unknown): EngineError {
  return new EngineError('DISK', `${path} cannot be written: ${messageOf(error)}`, { detail: { path }, cause: error })
}

async function readUnfinished(path: string, url: string): Promise<Unfinished | undefined> {
  try {
    const found = JSON.parse((await readRegularFile(path, 65_536)).toString('utf8')) as Partial<Unfinished>
    return found.url === url ? { url, validator: found.validator, totalBytes: found.totalBytes } : undefined
  } catch {
    return undefined
  }
}

async function requireRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path))
  const free = bavail * bsize
  if (free < bytes + spareBytes)
    throw new EngineError('DISK', `${basename(path)} needs ${megabytes(bytes)} more, and ${dirname(path)} has ${megabytes(free)} free; make room or choose another workspace`, { detail: { path, bytes, free } })
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`

/** A page where a file should be: what hotel and office networks answer with. */
function requireNoPage(url: string, { contentType }: FileResponse, first: Uint8Array | undefined): void {
  const text = first === undefined ? '' : Buffer.from(first.subarray(0, 64)).toString('latin1').trimStart().toLowerCase()
  if (contentType.startsWith('text/html') || text.startsWith('<!doctype html') || text.startsWith('<html'))
    throw network(url, 'the answer is a web page and not the file; a network that asks for a login answers so. Open any page in a browser, log in, and try again')
}

interface Course {
  readonly request: DownloadRequest
  readonly partial: string
  readonly note: string
  readonly context: JobContext<Progress>
  /** Tells bytes that are on the disk, of how many. */
  reach(bytes: number, total: number | undefined): void
}

/** One try. @returns whether the file is whole; false where the server holds another file than what was begun */
async function tryOnce({ request, partial, note, context, reach }: Course): Promise<boolean> {
  const { url } = request
  const { signal } = context
  const unfinished = await readUnfinished(note, url)
  const done = unfinished === undefined ? 0 : await stat(partial).then(({ size }) => size, () => 0)
  const response = await openResponse(url, { from: done, validator: unfinished?.validator, signal })
  try {
    if (response.status === 416) {
      await response.discard()
      if (done > 0 && done === unfinished?.totalBytes) return true
      await rm(partial, { force: true })
      await rm(note, { force: true })
      return false
    }
    const from = response.status === 206 ? response.rangeStart : 0
    if (response.status === 206 && from !== done) throw network(url, `the server began at byte ${from} where byte ${done} was asked for`)
    const total = response.totalBytes
    if (request.sizeBytes !== undefined && total !== undefined && total !== request.sizeBytes) {
      requireNoPage(url, response, undefined)
      throw network(url, `the file has ${total} bytes where ${request.sizeBytes} were expected`)
    }
    await requireRoom(request.path, (total ?? request.sizeBytes ?? 0) - from)
    await saveFile(note, JSON.stringify({ url, validator: response.validator, totalBytes: total } satisfies Unfinished))
    const handle = await open(partial, from > 0 ? 'r+' : 'w').catch((error: unknown) => { throw disk(partial, error) })
    try {
      await receive(handle, from, response, (bytes) => { reach(bytes, total) }, request)
    } finally {
      await handle.close()
    }
    const { size } = await stat(partial)
    if (total !== undefined && size < total) throw network(url, `the line was cut at ${size} of ${total} bytes`)
    return true
  } finally {
    await response.discard()
  }
}

async function receive(handle: FileHandle, from: number, response: FileResponse, reach: (bytes: number) => void, { url, path }: DownloadRequest): Promise<void> {
  let at = from
  let isFirst = from === 0
  try {
    for await (const chunk of response.body) {
      if (isFirst) requireNoPage(url, response, chunk)
      isFirst = false
      await handle.write(chunk, 0, chunk.length, at).catch((error: unknown) => { throw disk(path, error) })
      at += chunk.length
      reach(at)
    }
    await handle.truncate(at)
    await handle.sync().catch((error: unknown) => { throw disk(path, error) })
  } catch (error) {
    // What has come stays, for the next try.
    await handle.sync().catch(() => undefined)
    throw error
  }
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(hashChunk)
    for (let position = 0; ; ) {
      signal.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, hashChunk, position)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, bytesRead))
      position += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** Whether another try may help: a line that was cut, a server that is busy; not a file that is not there. */
function mayPass(error: unknown): boolean {
  return isEngineError(error, 'NETWORK') && error.detail?.['final'] !== true
}

/**
 * Downloads a file. What has come when it fails or is cancelled stays beside its place and is gone on with the next time, as
 * long as the server has the same file (`If-Range`).
 * @returns sha256 of the file, hex
 * @throws EngineError NETWORK with what to do, MODEL_DAMAGED when the file is not the one that was expected, DISK; the signal's reason
 */
export async function downloadFile(request: DownloadRequest, context: JobContext<Progress>): Promise<string> {
  const { path, url, sha256, waits = usualWaits } = request
  const { signal, emit } = context
  const folder = dirname(path)
  await mkdir(folder, { recursive: true }).catch((error: unknown) => { throw disk(folder, error) })
  const partial = join(folder, partialName(basename(path), 'download'))
  const note = join(folder, partialName(basename(path), 'download-note'))
  const tell = createByteProgress(`Downloading ${basename(path)}`, request.sizeBytes, emit)
  let reached = 0
  const reach = (bytes: number, total: number | undefined): void => {
    reached = bytes
    tell(bytes, total)
  }
  const course: Course = { request, partial, note, context, reach }
  for (let failures = 0; ; ) {
    const before = reached
    try {
      if (await tryOnce(course)) break
    } catch (error) {
      signal.throwIfAborted()
      failures = reached > before ? 0 : failures + 1
      const wait = waits[Math.max(0, failures - 1)]
      if (!mayPass(error) || failures > waits.length || wait === undefined) throw error
      await setTimeout(wait, undefined, { signal }).catch(() => { signal.throwIfAborted() })
    }
  }
  const found = await sha256Of(partial, signal)
  if (sha256 !== undefined && found !== sha256) {
    await rm(partial, { force: true })
    await rm(note, { force: true })
    throw new EngineError('MODEL_DAMAGED', `${url}: the file that came is not the one that was expected (sha256 ${found.slice(0, 12)}… where it should be ${sha256.slice(0, 12)}…); it was deleted. Try again, or another mirror`, { detail: { url, found, expected: sha256 } })
  }
  await rename(partial, path).catch((error: unknown) => { throw disk(path, error) })
  await syncFolder(folder)
  await rm(note, { force: true })
  return found
}
