/** @file Requests about official models. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { downloadEntry, listHub, type HeadShelf } from '../hub'

type HubRequests = 'hub.list' | 'hub.download'

/** `hub.*` */
export function hubHandlers(state: EngineState): Pick<Handlers<EngineContract>, HubRequests> {
  const shelf: HeadShelf = { list: () => state.heads.list(), add: (path, name, context) => state.heads.add({ path, name, maxDepth: undefined }, context) }
  return {
    'hub.list': () => listHub(state, shelf),
    'hub.download': ({ entryId, mirror }, context) => downloadEntry(state, shelf, entryId, mirror, context),
  }
}
