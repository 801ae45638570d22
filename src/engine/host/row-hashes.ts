/** @file The contents of chosen pictures: what selections keep instead of rows. */
import { EngineError } from '../contract'
import type { Libraries, LibraryImage } from '../library'

/** The pictures at some rows, each once, by rising row. @throws EngineError NOT_FOUND for a folder that is not open, BAD_REQUEST for a row it does not have */
export function imagesAt({ images }: Pick<Libraries, 'images'>, libraryId: string, rows: Uint32Array): readonly LibraryImage[] {
  const all = images(libraryId)
  return Array.from(new Set(rows.slice().sort()), (row) => {
    const image = all[row]
    if (image === undefined) throw new EngineError('BAD_REQUEST', `there is no picture ${row}; the folder has ${all.length}`, { detail: { row, images: all.length } })
    return image
  })
}

/**
 * Hashes of the pictures at some rows, sorted, each once. One that has not been read yet is read now.
 * @throws EngineError as {@link imagesAt}, or what keeps a picture from being read, naming it
 */
export async function hashesAt(libraries: Pick<Libraries, 'images' | 'readBytes'>, libraryId: string, rows: Uint32Array): Promise<readonly string[]> {
  const hashes = new Set<string>()
  for (const { id, hash } of imagesAt(libraries, libraryId, rows)) hashes.add(hash ?? (await libraries.readBytes(id)).hash)
  return [...hashes].sort()
}
