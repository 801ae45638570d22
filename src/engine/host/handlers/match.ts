/** @file Requests about two pictures. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { matchCommon, matchMutual, matchPatch } from '../match'

type MatchRequests = 'match.patch' | 'match.mutual' | 'match.common'

/** `match.*` */
export function matchHandlers(state: EngineState): Pick<Handlers<EngineContract>, MatchRequests> {
  return {
    'match.patch': (request) => matchPatch(state, request),
    'match.mutual': (request) => matchMutual(state, request),
    'match.common': (request) => matchCommon(state, request),
  }
}
