/** @file Requests about models. */
import type { EngineContract, Handlers } from '../../contract'
import { requireAccess } from '../access'
import type { EngineState } from '../engine-state'

type ModelRequests = 'models.list' | 'models.import' | 'models.remove'

/** `models.*` */
export function modelHandlers({ options, models, backbones }: EngineState): Pick<Handlers<EngineContract>, ModelRequests> {
  return {
    'models.list': () => models.list(),
    'models.import': async ({ path, name }, context) => {
      await requireAccess(options.root, path)
      return models.add(path, name, context)
    },
    'models.remove': async ({ modelId }) => {
      await backbones.evict(modelId)
      await models.remove(modelId)
      return undefined
    },
  }
}
