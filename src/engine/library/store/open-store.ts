/** @file Opens the store of a workspace: its lock, its schema, its tables over LanceDB. */
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, messageOf } from '../../contract'
import { syncFolder } from '../../files'
import { fileColumns, fileKeyBytes } from './file-rows'
import { createFileTable } from './file-table'
import { createKeyedTable, type KeyedTable, type KeyedTableOptions } from './keyed-table'
import { hasModelKey, listModelKeys, modelKeyId, saveModelKey } from './model-keys'
import { tableFolder } from './open-table'
import { readPatchBasis } from './patch-basis-file'
import { createPatchTable, patchColumns } from './patch-table'
import { vectorColumns } from './pooled-parts'
import type { Mended, ModelKey, PatchTable, Store, VectorTable } from './store'
import { createVectorIndex } from './vector-index'
import { createVectorTable } from './vector-table'
import { indexFolder, prepareWorkspace, requireKnownSchema } from './workspace-file'
import { lockWorkspace } from './workspace-lock'

export interface OpenStoreOptions {
  /** A writer holds the workspace's lock and mends what is damaged; a reader changes nothing. */
  readonly mode: 'write' | 'read'
}

const sha256Bytes = 32

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** LanceDB takes paths for addresses, and writes such letters in another way. */
function requirePlainPath(folder: string): void {
  if (Array.from(folder).some((letter) => letter < ' '))
    throw new EngineError('BAD_REQUEST', `the path of a workspace cannot hold control characters: ${JSON.stringify(folder)}`, { detail: { path: folder } })
}

/**
 * Opens the store of the workspace in `folder`, which is made where there is none and the store is to be written to.
 * Tables are opened, and mended, when they are first asked.
 * @throws EngineError BUSY naming who writes to it already, BAD_REQUEST for a workspace of a newer version, NOT_FOUND, DISK
 */
export async function openStore(folder: string, { mode }: OpenStoreOptions): Promise<Store> {
  requirePlainPath(folder)
  if (mode === 'read') {
    if (!(await exists(folder))) throw new EngineError('NOT_FOUND', `there is no workspace ${folder}`, { detail: { path: folder } })
    await requireKnownSchema(folder)
    return createStore(folder, false, () => Promise.resolve())
  }
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new EngineError('DISK', `${folder} cannot be made: ${messageOf(error)}`, { detail: { path: folder, code: (error as NodeJS.ErrnoException).code }, cause: error })
  })
  const release = await lockWorkspace(folder)
  try {
    await prepareWorkspace(folder)
    await mkdir(join(folder, indexFolder), { recursive: true })
    return createStore(folder, true, release)
  } catch (error) {
    await release()
    throw error
  }
}

function createStore(folder: string, writable: boolean, release: () => Promise<void>): Store {
  const index = join(folder, indexFolder)
  const listeners = new Set<(mended: Mended) => void>()
  const mendings: Mended[] = []
  const tables = new Map<string, KeyedTable>()
  const tellFor = (table: string) => (what: string) => {
    mendings.push({ table, what })
    for (const listener of listeners) listener({ table, what })
  }
  const table = (name: string, options: Pick<KeyedTableOptions, 'noun' | 'keyBytes' | 'columns' | 'beforeCreated'>): KeyedTable => {
    const made = createKeyedTable({ ...options, folder: index, name, writable, onMended: tellFor(name) })
    tables.set(name, made)
    return made
  }
  /** Writes the key of a model down with its first table, and again where it has been lost. */
  const keepKey = async (key: ModelKey, name: string): Promise<() => Promise<void>> => {
    const save = (): Promise<void> => saveModelKey(index, key)
    if (writable && !(await hasModelKey(index, key)) && (await exists(tableFolder({ folder: index, name })))) await save()
    return save
  }

  const openVectors = async (key: ModelKey): Promise<VectorTable> => {
    const name = `vectors-${modelKeyId(key)}`
    const rows = table(name, { noun: 'vectors', keyBytes: sha256Bytes, columns: vectorColumns, beforeCreated: await keepKey(key, name) })
    const approximate = createVectorIndex({ table: rows, recordPath: join(index, `${name}.indexes.json`), writable, onMended: tellFor(name) })
    return createVectorTable(rows, key.dim, approximate)
  }
  const openPatches = async (key: ModelKey): Promise<PatchTable> => {
    const name = `patches-${modelKeyId(key)}`
    const basisPath = join(index, `${name}.basis`)
    const mend = writable ? tellFor(name) : undefined
    const path = tableFolder({ folder: index, name })
    if (mend !== undefined && (await exists(path)) && (await readPatchBasis(basisPath, mend)) === undefined) {
      const aside = `${path}.corrupt-${Date.now()}`
      await rename(path, aside)
      await syncFolder(index)
      mend(`the basis of the patch tokens is lost, and without it they mean nothing; they have been put aside as ${aside}`)
    }
    return createPatchTable(table(name, { noun: 'patch tokens', keyBytes: sha256Bytes, columns: patchColumns, beforeCreated: await keepKey(key, name) }), basisPath, mend)
  }
  const vectorTables = createOnce(openVectors)
  const patchTables = createOnce(openPatches)
  return {
    folder,
    files: createFileTable(table('files', { noun: 'files', keyBytes: fileKeyBytes, columns: fileColumns })),
    vectors: vectorTables,
    patches: patchTables,
    models: async () => {
      const keys = await listModelKeys(index)
      const withVectors = await Promise.all(keys.map((key) => exists(tableFolder({ folder: index, name: `vectors-${modelKeyId(key)}` }))))
      return keys.filter((_, place) => withVectors[place])
    },
    onMended: (listener) => {
      listeners.add(listener)
      for (const mended of mendings) listener(mended)
    },
    close: async () => {
      try {
        for (const one of tables.values()) await one.close()
      } finally {
        await release()
      }
    },
  }
}

/** Opens what belongs to a key once; what could not be opened is tried again. */
function createOnce<T>(open: (key: ModelKey) => Promise<T>): (key: ModelKey) => Promise<T> {
  const opened = new Map<string, Promise<T>>()
  return (key) => {
    const id = modelKeyId(key)
    const found = opened.get(id) ?? open(key)
    opened.set(id, found)
    found.catch(() => opened.delete(id))
    return found
  }
}
