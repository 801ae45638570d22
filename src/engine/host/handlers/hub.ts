/** @file Requests about official models. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { downloadEntry, listHub, type HeadShelf } from '../hub'

type HubRequests = 'hub.list' | 'hub.download'

/** `hub.*` */
export function hubHandlers(state: EngineState): Pick<Handlers<EngineContract>, HubRequests> {
  const shelf: HeadShelf = { list: () => Promise.resolve([]), add: () => Promise.reject(new EngineError('INTERNAL', 'not there yet')) }
  return {
    'hub.list': () => listHub(state, shelf),
    'hub.download': ({ entryId, mirror }, context) => downloadEntry(state, shelf, entryId, mirror, context),
  }
}
