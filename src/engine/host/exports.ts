/** @file Results written for the person to take away: one folder per export, gone when the engine ends. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, type ExportedFile } from '../contract'
import { writeZip } from '../export'
import { openRegularFile } from '../files'

export interface ExportFiles {
  readonly exportId: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[]
}

export interface Exports {
  /**
   * Gives `write` a new folder; what lies in it afterwards is the export, beside what `write` gives. When `write` fails, the folder goes.
   * @param archive name of the one file that many become, or files in sub-folders
   */
  create<T>(write: (folder: string) => Promise<T>, archive?: { readonly name: string; readonly signal: AbortSignal }): Promise<ExportFiles & { readonly result: T }>
  /** A part of one file. @throws EngineError NOT_FOUND */
  read(exportId: string, name: string, offset: number): Promise<ExportedFile>
  dispose(): Promise<void>
}

const partBytes = 4 * 2 ** 20
/** As many as one takes one by one. */
const looseFiles = 4

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Deletes what engines that did not end properly have left. */
async function removeStale(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  for (const name of names) {
    const pid = Number(name.split('-')[0])
    if (!(Number.isInteger(pid) && isRunning(pid))) await rm(join(parent, name), { recursive: true, force: true })
  }
}

/** Makes one file of what lies in a folder, where that is more than one takes one by one. */
async function packMany(folder: string, { name, signal }: { readonly name: string; readonly signal: AbortSignal }): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  if (entries.length <= looseFiles && entries.every((entry) => entry.isFile())) return
  const loose = `${folder}.loose`
  await rename(folder, loose)
  try {
    await mkdir(folder)
    await writeZip(loose, join(folder, name), signal)
  } finally {
    await rm(loose, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Exports of this process below `parent`. */
export async function createExports(parent: string): Promise<Exports> {
  await removeStale(parent)
  const own = join(parent, `${process.pid}-${randomBytes(4).toString('hex')}`)
  const known = new Map<string, ReadonlySet<string>>()
  return {
    create: async (write, archive) => {
      const exportId = randomBytes(12).toString('base64url')
      const folder = join(own, exportId)
      await mkdir(folder, { recursive: true })
      const result = await (async () => {
        const written = await write(folder)
        if (archive !== undefined) await packMany(folder, archive)
        return written
      })().catch(async (error: unknown) => {
        await rm(folder, { recursive: true, force: true }).catch(() => undefined)
        throw error
      })
      const names = (await readdir(folder)).sort()
      known.set(exportId, new Set(names))
      return { exportId, result, files: await Promise.all(names.map(async (name) => ({ name, sizeBytes: (await stat(join(folder, name))).size }))) }
    },
    read: async (exportId, name, offset) => {
      if (known.get(exportId)?.has(name) !== true) throw new EngineError('NOT_FOUND', `there is no exported file ${JSON.stringify(name)}`, { detail: { exportId, name } })
      const handle = await openRegularFile(join(own, exportId, name))
      try {
        const { size } = await handle.stat()
        const bytes = Buffer.alloc(Math.max(0, Math.min(partBytes, size - offset)))
        await handle.read(bytes, 0, bytes.length, offset)
        return { name, bytes, totalBytes: size }
      } finally {
        await handle.close()
      }
    },
    dispose: async () => {
      known.clear()
      await rm(own, { recursive: true, force: true })
    },
  }
}
