/** @file Speed of a large library: its folder, search, maps and structure, one after the other. */
import { openStore } from '../src/engine/library'
import type { Runtime } from '../src/engine/runtime'
import { benchFolder } from './folder'
import { benchProjection } from './projection'
import type { Measurement } from './report'
import { benchSearch } from './search'
import { benchStructure } from './structure'

export interface LibraryBench {
  /** Pictures in the folder that is made for it. */
  readonly count: number
  note(line: string): void
}

export async function benchLibrary(runtime: Runtime, { count, note }: LibraryBench): Promise<Measurement[]> {
  const openFiles = async (workspace: string) => {
    const store = await openStore(workspace, { mode: 'write' })
    return { ...store.files, close: store.close }
  }
  const folder = await benchFolder({ count, openFiles, note })
  note('searching …')
  const search = await benchSearch(runtime)
  note('mapping …')
  const maps = await benchProjection(runtime)
  note('clustering …')
  return [...folder, ...search, ...maps, ...(await benchStructure(runtime))]
}
