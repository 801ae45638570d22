/** @file A folder through a workspace's index: read and embedded once, whatever is asked of it afterwards. */
import type { EmbedLibraryResult, FileProblem } from '../engine/contract'
import { EngineError } from '../engine/contract'
import { embedLibrary, modelKeyOf, presence } from '../engine/host'
import { openRowProducts, type Backbone, type RowProducts } from '../engine/inference'
import { createLibraries, openStore, type LibraryImage, type Libraries, type PatchTable, type Store, type VectorTable } from '../engine/library'
import type { Runtime } from '../engine/runtime'
import type { CommandContext } from './context'
import { problemLine } from './scan'

/** A folder that is open in a workspace that is ours for as long as the command works. */
export interface WorkspaceFolder {
  readonly store: Store
  readonly libraries: Libraries
  readonly root: string
  readonly images: readonly LibraryImage[]
  /** Files that are no pictures or cannot be read at all. */
  readonly skipped: readonly FileProblem[]
}

export interface EmbeddedFolder extends EmbedLibraryResult {
  readonly vectors: VectorTable
  readonly patches: PatchTable
  readonly products: RowProducts
}

/**
 * Opens `workspace` for writing and `folder` in it, runs `work`, and closes both.
 * @throws EngineError BUSY naming who uses the workspace, NOT_FOUND when there is no picture, SOURCE_UNAVAILABLE, DISK; the signal's reason
 */
export async function withWorkspaceFolder<T>(workspace: string, folder: string, { signal, emit, terminal }: CommandContext, work: (opened: WorkspaceFolder) => Promise<T>): Promise<T> {
  const store = await openStore(workspace, { mode: 'write' })
  store.onMended(({ table, what }) => { terminal.note(`${table}: ${what}`) })
  const libraries = createLibraries({ files: store.files, workspace, onTrouble: (error) => { terminal.note(String(error)) } })
  try {
    const skipped: FileProblem[] = []
    const { libraryId } = await libraries.open(folder, {
      signal,
      emit: (event) => {
        if (event.kind === 'progress') emit(event)
        if (event.kind !== 'skipped') return
        skipped.push(event.problem)
        terminal.note(problemLine(event.problem))
      },
    })
    const images = libraries.images(libraryId)
    if (images.length === 0) throw new EngineError('NOT_FOUND', `there are no pictures in ${folder}`, { detail: { folder } })
    return await work({ store, libraries, root: libraries.root(libraryId), images, skipped })
  } finally {
    await libraries.dispose()
    await store.close()
  }
}

/**
 * Embeds what has no vectors of the model yet; the others cost nothing. What cannot be embedded is told.
 * @throws as `embedLibrary`
 */
export async function embedWorkspaceFolder({ store, libraries, root, images }: WorkspaceFolder, backbone: Backbone, runtime: Runtime, withPatches: boolean, { signal, emit, terminal }: CommandContext): Promise<EmbeddedFolder> {
  const key = modelKeyOf(backbone.manifest)
  const [vectors, patches] = [await store.vectors(key), await store.patches(key)]
  const { products } = await openRowProducts(runtime)
  const result = await embedLibrary(
    backbone,
    { vectors, patches: withPatches ? { table: patches, products } : undefined },
    images.filter(presence(images)),
    { root, read: ({ id }) => libraries.readBytes(id) },
    {
      signal,
      emit: (event) => {
        if (event.kind === 'progress') emit(event)
      },
    },
  )
  for (const problem of result.skipped) terminal.note(problemLine(problem))
  return { ...result, vectors, patches, products }
}
