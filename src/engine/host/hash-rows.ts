/** @file Where in an opened folder a content lies: what the store knows by hash, back to rows. */
import type { LibraryImage } from '../library'

/** Rows of each content of a folder, rising; several where a file is there more than once. */
export type HashRows = ReadonlyMap<string, readonly number[]>

export interface HashRowsCache {
  /** Built anew only when a hash has changed or a picture has come. */
  of(images: readonly LibraryImage[]): HashRows
}

function build(images: readonly LibraryImage[]): HashRows {
  const rows = new Map<string, number[]>()
  images.forEach(({ hash }, row) => {
    if (hash === undefined) return
    const known = rows.get(hash)
    if (known === undefined) rows.set(hash, [row])
    else known.push(row)
  })
  return rows
}

/** Remembers the folder that was asked for last. */
export function createHashRowsCache(): HashRowsCache {
  let hashes: readonly (string | undefined)[] = []
  let rows: HashRows = new Map()
  return {
    of: (images) => {
      if (images.length !== hashes.length || images.some(({ hash }, row) => hash !== hashes[row])) {
        hashes = images.map(({ hash }) => hash)
        rows = build(images)
      }
      return rows
    },
  }
}
