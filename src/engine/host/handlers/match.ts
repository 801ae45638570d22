/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type MatchRequests = 'match.patch' | 'match.mutual' | 'match.common'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function matchHandlers(_state: EngineState): Pick<Handlers<EngineContract>, MatchRequests> {
  return {
    'match.patch': notYet,
    'match.mutual': notYet,
    'match.common': notYet,
  }
}
