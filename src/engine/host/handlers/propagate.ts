/** @file Requests about labels carried through frames. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { createKeptPropagations } from '../propagate-kept'
import { exportPropagation, runPropagation } from '../propagate-library'

type PropagateRequests = 'propagate.run' | 'propagate.export'

/** `propagate.*` */
export function propagateHandlers(state: EngineState): Pick<Handlers<EngineContract>, PropagateRequests> {
  const kept = createKeptPropagations()
  return {
    'propagate.run': (request, context) => runPropagation(state, kept, request, context),
    'propagate.export': (request, context) => exportPropagation(state, kept, request, context),
  }
}
