/** @file The embedding job of the command line over a model that is quick: tells what the store has acknowledged, until it is done or killed. */
import { writeSync } from 'node:fs'
import type { CommandContext } from '../../../../src/cli/context'
import { withWorkspaceFolder } from '../../../../src/cli/workspace-folder'
import { embedLibrary, modelKeyOf, presence } from '../../../../src/engine/host'
import { openRowProducts } from '../../../../src/engine/inference'
import { createRuntime } from '../../../../src/engine/runtime'
import { countingBackbone } from '../../../helpers/counting-backbone'

const [, , workspace = '', folder = ''] = process.argv
const tell = (line: string): void => {
  writeSync(1, `${line}\n`)
}

interface Appending<R> {
  append(rows: readonly R[]): Promise<void>
}

/** The same table, which tells what it has stored once it says that it has. */
function telling<R extends { readonly hash: string }, T extends Appending<R>>(kind: string, table: T): T {
  return {
    ...table,
    append: async (rows: readonly R[]) => {
      await table.append(rows)
      tell(`${kind} ${rows.map(({ hash }) => hash).join(' ')}`)
    },
  }
}

const backbone = countingBackbone({ slowMs: 1 })
const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
const { products, release } = await openRowProducts(runtime)
const signal = new AbortController().signal
const emit = (): undefined => undefined
const terminal: CommandContext['terminal'] = { note: tell, status: emit, progress: emit, result: emit }
tell('started')
const result = await withWorkspaceFolder(workspace, folder, { signal, emit, terminal }, async ({ store, libraries, root, images }) => {
  const key = modelKeyOf(backbone.manifest)
  const tables = { vectors: telling('vectors', await store.vectors(key)), patches: { table: telling('patches', await store.patches(key)), products } }
  return embedLibrary(backbone, tables, images.filter(presence(images)), { root, read: ({ id }) => libraries.readBytes(id), batches: { rows: 4, ms: 1e9 } }, { signal, emit })
})
const { embedded, already, skipped } = result
tell(`done ${JSON.stringify({ all: embedded + already, skipped })}`)
await release()
await runtime.dispose()
