/** @file Rows of a folder and the contents of their pictures: what selections and clusterings keep instead of rows. */
import { EngineError, type Rows } from '../contract'
import type { Libraries, LibraryImage } from '../library'

/**
 * Whether a picture counts as being in its folder. One that is gone does not: moved, it would be a duplicate of itself. Where all
 * are gone the folder is out of reach, and what is known of them counts.
 */
export function presence(images: readonly LibraryImage[]): (image: LibraryImage) => boolean {
  return images.some(({ gone }) => !gone) ? ({ gone }) => !gone : () => true
}

/** The rows that are there, of those asked for; rising, each once. @throws EngineError NOT_FOUND for a folder that is not open */
export function presentRows({ images }: Pick<Libraries, 'images'>, libraryId: string, rows: Rows): Uint32Array<ArrayBuffer> {
  const all = images(libraryId)
  const isPresent = presence(all)
  const asked = rows === undefined ? Uint32Array.from(all.keys()) : Uint32Array.from(new Set(rows)).sort()
  return asked.filter((row) => row < all.length && isPresent(all[row]!))
}

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
