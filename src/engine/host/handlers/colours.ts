/** @file Requests about colours of patches that mean the same everywhere. */
import type { EngineContract, Handlers } from '../../contract'
import { colourAnalysis, colourInfo, colourMapPoints, createColours } from '../colour-library'
import type { EngineState } from '../engine-state'

type ColourRequests = Extract<keyof Handlers<EngineContract>, `colours.${string}`> | 'view.colours'

/** `colours.*`, `view.colours` */
export function colourHandlers(state: EngineState): Pick<Handlers<EngineContract>, ColourRequests> {
  return {
    'view.colours': ({ analysisId, basisId }) => colourAnalysis(state, analysisId, basisId),
    'colours.create': (request, context) => createColours(state, request, context),
    'colours.list': async () => (await state.colours.list()).map(colourInfo),
    'colours.rename': async ({ basisId, name }) => colourInfo(await state.colours.rename(basisId, name)),
    'colours.remove': async ({ basisId }) => {
      await state.colours.remove(basisId)
      return undefined
    },
    'colours.map': ({ libraryId, mapId, basisId }) => colourMapPoints(state, libraryId, mapId, basisId),
  }
}
