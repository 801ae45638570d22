/** @file Embeds pictures of an opened folder with a model: what has no vectors yet. */
import { EngineError, type EmbedEvent, type EmbedLibraryRequest, type EmbedLibraryResult, type JobContext, type Rows } from '../contract'
import type { LibraryImage } from '../library'
import { embedLibrary } from './embed-library'
import type { EngineState } from './engine-state'
import { modelKeyOf } from './model-key'
import { presence } from './row-hashes'

/** The pictures that a request names; all are those that are there. @throws EngineError NOT_FOUND, BAD_REQUEST for a row that the folder does not have */
export function picturesOf({ libraries }: EngineState, libraryId: string, rows: Rows): readonly LibraryImage[] {
  const images = libraries.images(libraryId)
  if (rows === undefined) return images.filter(presence(images))
  return Array.from(new Set(rows), (row) => {
    const image = images[row]
    if (image === undefined) throw new EngineError('BAD_REQUEST', `the folder has ${images.length} pictures; there is no row ${row}`, { detail: { row } })
    return image
  })
}

/** @throws EngineError NOT_FOUND for a folder or model that is not there, BAD_REQUEST for a row that the folder does not have, and as {@link embedLibrary} */
export async function embedRows(state: EngineState, request: EmbedLibraryRequest, context: JobContext<EmbedEvent>): Promise<EmbedLibraryResult> {
  const { libraryId, rows, modelId, patches } = request
  const pictures = picturesOf(state, libraryId, rows)
  const store = await state.store
  const options = { root: state.libraries.root(libraryId), read: (picture: LibraryImage) => state.libraries.readBytes(picture.id) }
  const result = await state.backbones.use(modelId, async (backbone) => {
    // Of the backbone itself: what it is computed in may be changed for the next one meanwhile.
    const key = modelKeyOf(backbone.manifest)
    const tables = { vectors: await store.vectors(key), patches: patches ? { table: await store.patches(key), products: await state.rowProducts() } : undefined }
    return embedLibrary(backbone, tables, pictures, options, context)
  })
  if (result.embedded > 0) state.tellThroughput({ modelId, imagesPerSecond: result.imagesPerSecond })
  return result
}
