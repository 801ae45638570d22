/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type PropagateRequests = 'propagate.run' | 'propagate.export'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function propagateHandlers(_state: EngineState): Pick<Handlers<EngineContract>, PropagateRequests> {
  return {
    'propagate.run': notYet,
    'propagate.export': notYet,
  }
}
