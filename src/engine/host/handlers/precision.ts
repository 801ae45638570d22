/** @file Requests about what models are computed in. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { choosePrecision, measureModel, precisionState } from '../precision/model-precision'

type PrecisionRequests = 'precision.state' | 'precision.measure' | 'precision.set'

/** `precision.*` */
export function precisionHandlers(state: EngineState): Pick<Handlers<EngineContract>, PrecisionRequests> {
  return {
    'precision.state': ({ modelId }) => precisionState(state, modelId),
    'precision.measure': (request, context) => measureModel(state, request, context),
    'precision.set': ({ modelId, precision }) => choosePrecision(state, modelId, precision),
  }
}
