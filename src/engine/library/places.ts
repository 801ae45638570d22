/** @file From a stored relative path back to the file, and to its place in the order in which a scan tells files. */
import type { FilePath } from '../files'
import { childPath, naturalKey, rawName } from './names'

export interface Place {
  readonly path: FilePath
  readonly name: string
  /** Sorts files as a scan tells them: of each folder its own in natural order, then its sub-folders. Compare with `<`. */
  readonly key: string
}

interface KnownFolder {
  readonly path: FilePath
  readonly key: string
}

// A folder's name ends with what sorts before everything that a name may hold.
const nameEnds = '\0'
const filesFirst = '\x01'
const foldersAfter = '\x02'

/** Names that no scan gives, since they would lead elsewhere. */
const leadsElsewhere = new Set(['', '.', '..'])

/** Places of files below `root`; undefined for a path that no scan of it can have given. Remembers folders, which are few beside files. */
export function createPlaces(root: FilePath): (relativePath: string) => Place | undefined {
  const folders = new Map<string, KnownFolder | undefined>([['', { path: root, key: '' }]])

  const split = (relativePath: string): { readonly folder: KnownFolder | undefined; readonly name: string } => {
    const slash = relativePath.lastIndexOf('/')
    return { folder: folderAt(relativePath.slice(0, Math.max(0, slash))), name: relativePath.slice(slash + 1) }
  }
  const folderAt = (relativePath: string): KnownFolder | undefined => {
    if (folders.has(relativePath)) return folders.get(relativePath)
    const { folder: parent, name } = split(relativePath)
    const raw = rawName(name)
    const folder =
      parent === undefined || leadsElsewhere.has(raw) || raw.includes('/')
        ? undefined
        : { path: childPath(parent.path, raw), key: parent.key + foldersAfter + naturalKey(name) + nameEnds + raw + nameEnds }
    folders.set(relativePath, folder)
    return folder
  }

  return (relativePath) => {
    const { folder, name } = split(relativePath)
    const raw = rawName(name)
    if (folder === undefined || leadsElsewhere.has(raw)) return undefined
    return { path: childPath(folder.path, raw), name, key: folder.key + filesFirst + naturalKey(name) + nameEnds + raw }
  }
}
