/** @file Requests about labels carried through frames. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { createKeptPropagations } from '../propagate-kept'
import { exportPropagation, runPropagation } from '../propagate-library'
import { firstSegments } from '../propagate-segments'

type PropagateRequests = Extract<keyof Handlers<EngineContract>, `propagate.${string}`>

/** `propagate.*` */
export function propagateHandlers(state: EngineState): Pick<Handlers<EngineContract>, PropagateRequests> {
  const kept = createKeptPropagations()
  return {
    'propagate.segments': (request) => firstSegments(state, request),
    'propagate.run': (request, context) => runPropagation(state, kept, request, context),
    'propagate.export': (request, context) => exportPropagation(state, kept, request, context),
  }
}
