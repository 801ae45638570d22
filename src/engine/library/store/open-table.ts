/** @file Opens a table, mending what a power cut left of it: the newest version that is whole, or a new table. */
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Schema } from 'apache-arrow'
import type { Table as LanceTable } from '@lancedb/lancedb'
import { EngineError } from '../../contract'
import { syncFolder } from '../../files'
import { asDiskError, briefly, connectTables, systemCodeOf } from './lance'
import { isWholeManifest, listManifests, setManifestAside, type ManifestFile } from './manifests'

export interface TablePlace {
  /** Where the tables of a workspace lie. */
  readonly folder: string
  readonly name: string
  /** Columns that the table must have; one without them is none of ours, or damaged. */
  readonly columns: readonly string[]
}

/** LanceDB's name for the folder of a table. */
export function tableFolder({ folder, name }: Pick<TablePlace, 'folder' | 'name'>): string {
  return join(folder, `${name}.lance`)
}

/**
 * Opens a table; undefined where there is none yet.
 * @param mend tells what was mended; without it nothing on the disk is changed
 * @throws EngineError DISK when the file system refuses, or when the table is damaged and may not be mended
 */
export async function openTable(place: TablePlace, mend: ((what: string) => void) | undefined): Promise<LanceTable | undefined> {
  const folder = tableFolder(place)
  return asDiskError(folder, async () => {
    await requireSight(join(folder, 'data'))
    for (;;) {
      const [newest] = await listManifests(folder)
      if (newest === undefined) {
        await setRemainsAside(folder, mend)
        return undefined
      }
      const opened = (await isWholeManifest(newest)) ? await openVersion(place, newest) : new Error('it was not written to its end')
      if (!(opened instanceof Error)) return opened
      if (mend === undefined) throw damaged(folder, opened)
      await distrust(newest, opened, mend)
    }
  })
}

/** A folder that is gone has lost what it held; of one that cannot be looked into nothing is known, and nothing may be mended. @throws what the system says */
async function requireSight(folder: string): Promise<void> {
  await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  })
}

/** Takes back the newest version of a table that could be opened but not be read or mended. */
export async function distrustNewest(place: TablePlace, why: Error, mend: (what: string) => void): Promise<void> {
  const [newest] = await listManifests(tableFolder(place))
  if (newest !== undefined) await distrust(newest, why, mend)
}

async function distrust(manifest: ManifestFile, why: Error, mend: (what: string) => void): Promise<void> {
  await setManifestAside(manifest)
  mend(`version ${manifest.version} of the table was damaged (${briefly(why)}) and has been put aside; what it alone held is made again`)
}

/** Makes an empty table. @throws EngineError DISK */
export async function createTable(place: TablePlace, schema: Schema): Promise<LanceTable> {
  const connection = await connectTables(place.folder)
  return asDiskError(tableFolder(place), () => connection.createEmptyTable(place.name, schema))
}

/** The table at its newest version, or why that is not what its manifest says. @throws what says nothing about the table */
async function openVersion({ folder, name, columns }: TablePlace, { version }: ManifestFile): Promise<LanceTable | Error> {
  const connection = await connectTables(folder)
  try {
    const table = await connection.openTable(name)
    const [found, schema] = [await table.version(), await table.schema()]
    if (found !== version) return new Error(`it says that it is version ${found}`)
    const missing = columns.filter((column) => !schema.fields.some((field) => field.name === column))
    return missing.length === 0 ? table : new Error(`it has no columns ${missing.join(', ')}`)
  } catch (error) {
    // That the system refuses is no damage: what is there may be whole.
    if (systemCodeOf(error) !== undefined || !(error instanceof Error)) throw error
    return error
  }
}

function damaged(folder: string, cause: Error): EngineError {
  return new EngineError('DISK', `${folder} is damaged: ${cause.message}. Open its workspace in the app once, which mends it`, { detail: { path: folder }, cause })
}

/** What lies in the folder of a table without any version: the beginnings of one, or one that cannot be opened any more. */
async function setRemainsAside(folder: string, mend: ((what: string) => void) | undefined): Promise<void> {
  if (mend === undefined || (await stat(folder).catch(() => undefined)) === undefined) return
  const data = await readdir(join(folder, 'data')).catch(() => [])
  const versions = await readdir(join(folder, '_versions')).catch(() => [])
  if (data.length === 0 && versions.length === 0) {
    // The process that made it was ended before it had a first version.
    await rm(folder, { recursive: true, force: true })
    return
  }
  const aside = `${folder}.corrupt-${Date.now()}`
  await rename(folder, aside)
  await syncFolder(join(folder, '..'))
  mend(`the index could not be opened at any version; it has been put aside as ${aside} and is made again`)
}
