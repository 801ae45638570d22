/** @file Requests about models. */
import type { EngineContract, Handlers } from '../../contract'
import { requireAccess } from '../access'
import type { BackboneCache, Disposable } from '../backbone-cache'
import type { EngineState } from '../engine-state'

type ModelRequests = 'models.list' | 'models.inspectOnnx' | 'models.import' | 'models.remove'

interface ModelState extends Pick<EngineState, 'options' | 'models'> {
  readonly backbones: Pick<BackboneCache<Disposable>, 'evict'>
}

/** `models.*` */
export function modelHandlers({ options, models, backbones }: ModelState): Pick<Handlers<EngineContract>, ModelRequests> {
  return {
    'models.list': () => models.list(),
    'models.inspectOnnx': async ({ path }, context) => {
      await requireAccess(options.root, path)
      return models.inspectOnnx(path, context)
    },
    'models.import': async ({ path, name, onnx }, context) => {
      await requireAccess(options.root, path)
      return models.add(path, name, onnx, context)
    },
    'models.remove': async ({ modelId }) => {
      await backbones.evict(modelId)
      await models.remove(modelId)
      // Somebody may have loaded it again while it was going.
      await backbones.evict(modelId)
      return undefined
    },
  }
}
