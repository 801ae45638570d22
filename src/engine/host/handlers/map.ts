/** @file Requests for maps of pictures and patches. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { placeMap, presentContents, shareHere } from '../map-places'
import { projectMap } from '../project-map'
import { presentRows } from '../row-hashes'

type MapRequests = 'map.project' | 'map.stored' | 'map.load'

/** A map of a folder has at least this share of its pictures in it. */
const mostly = 0.5

/** `map.*` */
export function mapHandlers(state: EngineState): Pick<Handlers<EngineContract>, MapRequests> {
  const { maps, libraries } = state
  /** Where the contents of a folder lie now; a picture that was moved lies where it is, not where it was. */
  const rowsOfFolder = (libraryId: string) => presentContents(libraries.images(libraryId), presentRows(libraries, libraryId, undefined)).rowsOf
  return {
    'map.project': (request, context) => projectMap(state, request, context),
    'map.stored': async ({ libraryId }) => {
      const rowsOf = rowsOfFolder(libraryId)
      return (await maps.list()).filter(({ contents }) => shareHere(contents, rowsOf) >= mostly).map(({ info }) => info)
    },
    'map.load': async ({ libraryId, mapId }) => {
      const rowsOf = rowsOfFolder(libraryId)
      const map = await maps.find(mapId)
      if (map === undefined) throw new EngineError('NOT_FOUND', 'this map is not there any more; it can be computed again', { detail: { mapId } })
      return placeMap(map, map.info, rowsOf)
    },
  }
}
