/** @file Requests about dense heads: depth and classes of pictures. */
import type { EngineContract, Handlers } from '../../contract'
import { requireAccess } from '../access'
import { exportDepth } from '../depth/depth-files'
import { depthLibrary, depthNumbers } from '../depth/depth-library'
import { depthOfMap } from '../depth/depth-map'
import type { EngineState } from '../engine-state'
import { exportHead, trainHead } from '../head-training'
import { classesOf, depthOf } from '../view-heads'

type HeadRequests = Extract<keyof Handlers<EngineContract>, `heads.${string}` | `depth.${string}`> | 'view.depth' | 'view.classes'

/** `heads.*`, `depth.*`, `view.depth`, `view.classes` */
export function headHandlers(state: EngineState): Pick<Handlers<EngineContract>, HeadRequests> {
  const { heads, options } = state
  return {
    'view.depth': (request) => depthOf(state, request),
    'view.classes': (request) => classesOf(state, request),
    'heads.list': () => heads.list(),
    'heads.import': async (request, context) => {
      await requireAccess(options.root, request.path)
      return heads.add(request, context)
    },
    'heads.rename': ({ headId, name }) => heads.rename(headId, name),
    'heads.remove': async ({ headId }) => {
      await heads.remove(headId)
      return undefined
    },
    'heads.train': (request, context) => trainHead(state, request, context),
    'heads.export': (request, context) => exportHead(state, request, context),
    'depth.run': (request, context) => depthLibrary(state, request, context),
    'depth.numbers': (request) => depthNumbers(state, request),
    'depth.map': (request, context) => depthOfMap(state, request, context),
    'depth.export': (request, context) => exportDepth(state, request, context),
  }
}
