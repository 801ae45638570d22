/** @file Requests about the parts, the object and the artefacts of one picture, and about what a look would take. */
import type { EngineContract, Handlers } from '../../contract'
import { findArtefacts, findObject, pictureParts } from '../../dense'
import { readImageFile } from '../../image'
import { progressAt } from '../../progress'
import type { EngineState } from '../engine-state'
import { estimateLook } from '../look-at-picture'
import { refineAnalysis } from '../refine'
import { openProducts } from '../vector-sets'

type ViewDenseRequests = 'view.estimate' | 'view.parts' | 'view.object' | 'view.artefacts' | 'view.refine'

const methodNames = { tokencut: 'TokenCut', lost: 'LOST' } as const

/** `view.estimate`, `view.parts`, `view.object`, `view.artefacts`, `view.refine` */
export function viewDenseHandlers(state: EngineState): Pick<Handlers<EngineContract>, ViewDenseRequests> {
  const { analyses, backbones, libraries, lookSpeeds, models } = state
  return {
    'view.estimate': async ({ imageId, modelId, size, tiled }) => {
      const { manifest } = await models.find(modelId)
      return estimateLook(manifest, await readImageFile(libraries.image(imageId).path), { size, tiled }, lookSpeeds.of(modelId))
    },
    'view.parts': async ({ analysisId }) => {
      const { state: analysis } = analyses.get(analysisId)
      return pictureParts(analysis, await openProducts(state))
    },
    'view.object': ({ analysisId, method }, { signal, emit }) => {
      const { modelId, state: analysis } = analyses.get(analysisId)
      const started = performance.now()
      const onProgress = (share: number): void => {
        emit(progressAt(`Finding the object (${methodNames[method]})`, share, 1, performance.now() - started))
      }
      onProgress(0)
      return backbones.use(modelId, async () => findObject(analysis, method, { products: await openProducts(state), signal, onProgress }))
    },
    'view.artefacts': ({ analysisId }) => Promise.resolve(findArtefacts(analyses.get(analysisId).state.lengths)),
    'view.refine': (request) => refineAnalysis(state, request),
  }
}
