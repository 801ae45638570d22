/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { refineAnalysis } from '../refine'

type ViewDenseRequests = 'view.estimate' | 'view.parts' | 'view.object' | 'view.artefacts' | 'view.refine'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function viewDenseHandlers(state: EngineState): Pick<Handlers<EngineContract>, ViewDenseRequests> {
  return {
    'view.estimate': notYet,
    'view.parts': notYet,
    'view.object': notYet,
    'view.artefacts': notYet,
    'view.refine': (request) => refineAnalysis(state, request),
  }
}
