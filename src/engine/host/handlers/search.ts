/** @file Requests to find pictures like others. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { searchImages } from '../search-images'
import { buildSearchIndex, searchIndexInfo } from '../search-index'
import { searchByPatches } from '../search-patches'

type SearchRequests = 'search.images' | 'search.upload' | 'search.patches' | 'search.buildIndex' | 'search.index'

/** `search.*` */
export function searchHandlers(state: EngineState): Pick<Handlers<EngineContract>, SearchRequests> {
  return {
    'search.images': (request) => searchImages(state, request),
    'search.upload': async ({ name, bytes }) => ({ uploadId: await state.uploads.keep(name, bytes) }),
    'search.patches': (request) => searchByPatches(state, request),
    'search.buildIndex': (request, context) => buildSearchIndex(state, request, context),
    'search.index': (request) => searchIndexInfo(state, request),
  }
}
