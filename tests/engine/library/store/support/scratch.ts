/** @file Workspaces that are gone after the test file. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openStore, type Mended, type OpenStoreOptions, type Store } from '../../../../../src/engine/library'

/** Makes a scratch folder for a test file; answers how to name a new workspace in it. */
export function useScratch(): (name: string) => string {
  let scratch = ''
  let count = 0
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'dinoscope-store-'))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))
  return (name) => join(scratch, `${count++} ${name}`)
}

/** Opens a store for as long as `work` takes. */
export async function withStore<T>(folder: string, work: (store: Store, mended: readonly Mended[]) => Promise<T>, mode: OpenStoreOptions['mode'] = 'write'): Promise<T> {
  const store = await openStore(folder, { mode })
  const mended: Mended[] = []
  store.onMended((one) => mended.push(one))
  try {
    return await work(store, mended)
  } finally {
    await store.close()
  }
}

/** The folder of the one table of vectors. */
export async function vectorsFolder(workspace: string): Promise<string> {
  const name = (await readdir(join(workspace, 'index'))).find((one) => /^vectors-.*\.lance$/.test(one))
  if (name === undefined) throw new Error('there is no table of vectors')
  return join(workspace, 'index', name)
}
