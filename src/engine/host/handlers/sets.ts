/** @file Requests about selections and tags, and to copy pictures away. */
import type { EngineContract, Handlers, SetInfo } from '../../contract'
import { requireAccess } from '../access'
import { copyPictures } from '../copy-pictures'
import type { EngineState } from '../engine-state'
import type { PictureSet } from '../picture-sets'
import { hashesAt, imagesAt, presence } from '../row-hashes'

type SetRequests = Extract<keyof Handlers<EngineContract>, `sets.${string}`>

/** `sets.*` */
export function setHandlers(state: Pick<EngineState, 'options' | 'libraries' | 'hashRows' | 'sets'>): Pick<Handlers<EngineContract>, SetRequests> {
  const { options, libraries, hashRows, sets } = state
  /** Rows of a folder's contents; what is gone is left out. */
  const rowsHere = (libraryId: string): ((hash: string) => readonly number[]) => {
    const images = libraries.images(libraryId)
    const rowsOf = hashRows.of(images)
    const isPresent = presence(images)
    return (hash) => rowsOf.get(hash)?.filter((row) => isPresent(images[row]!)) ?? []
  }
  const tell = ({ setId, kind, name, changedAt, hashes }: PictureSet, libraryId: string): SetInfo => {
    const rowsOf = rowsHere(libraryId)
    return { setId, kind, name, here: hashes.reduce((count, hash) => count + rowsOf(hash).length, 0), size: hashes.length, changedAt }
  }
  return {
    'sets.list': async ({ libraryId }) => (await sets.list()).map((set) => tell(set, libraryId)),
    'sets.create': async ({ libraryId, kind, name, rows }) => tell(await sets.create(kind, name, await hashesAt(libraries, libraryId, rows)), libraryId),
    'sets.change': async ({ libraryId, setId, change }) => {
      const known = change.kind === 'rename' ? change : { kind: change.kind, hashes: await hashesAt(libraries, libraryId, change.rows) }
      return tell(await sets.change(setId, known), libraryId)
    },
    'sets.rows': async ({ libraryId, setId }) => {
      const { hashes } = await sets.find(setId)
      return { rows: Uint32Array.from(hashes.flatMap(rowsHere(libraryId))).sort() }
    },
    'sets.remove': async ({ setId }) => {
      await sets.remove(setId)
      return undefined
    },
    'sets.restore': async ({ libraryId, setId }) => tell(await sets.restore(setId), libraryId),
    'sets.copy': async ({ libraryId, rows, folder, keepFolders }, context) => {
      await requireAccess(options.root, folder)
      return copyPictures({ images: imagesAt(libraries, libraryId, rows), root: libraries.root(libraryId), folder, keepFolders }, context)
    },
  }
}
