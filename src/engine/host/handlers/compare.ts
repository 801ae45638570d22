/** @file Requests about two models over the same pictures. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { compareColours } from '../model-pairs/compare-colours'
import { compareModels } from '../model-pairs/compare-models'

type CompareRequests = Extract<keyof Handlers<EngineContract>, `compare.${string}`>

/** `compare.*` */
export function compareHandlers(state: EngineState): Pick<Handlers<EngineContract>, CompareRequests> {
  return {
    'compare.models': (request, context) => compareModels(state, request, context),
    'compare.neighbours': ({ comparisonId, row }) => Promise.resolve(state.comparisons.neighboursOf(comparisonId, row)),
    'compare.colours': (request) => compareColours(state, request),
  }
}
