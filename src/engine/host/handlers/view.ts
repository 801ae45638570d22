/** @file Requests about one picture as one model sees it. */
import type { AnalyseRequest, Analysis, EngineContract, Handlers } from '../../contract'
import { attentionOf, pcaOf, similarityTo, type AnalysisState } from '../../inference'
import { readImageFile } from '../../image'
import { createProgress } from '../../progress'
import { givesOf } from '../../weights'
import type { EngineState } from '../engine-state'
import { describeLook, lookAtPicture } from '../look-at-picture'
import { preparePatchSearch } from '../search-patches'

type ViewRequests = 'view.analyse' | 'view.attention' | 'view.similarity'

async function describe(request: AnalyseRequest, analysisId: string, state: AnalysisState): Promise<Analysis> {
  const { backbone, prepared, grid, tiles, modelMs } = state
  const { depth, heads } = backbone.config
  return {
    analysisId,
    imageId: request.imageId,
    modelId: request.modelId,
    inputHeight: prepared.height,
    inputWidth: prepared.width,
    gridHeight: grid.height,
    gridWidth: grid.width,
    tiles,
    layers: depth,
    heads,
    extent: prepared.extent,
    attention: givesOf(backbone.config).attention ? await attentionOf(state, depth - 1, 'cls') : undefined,
    pca: await pcaOf(state),
    modelMs,
    note: describeLook(state),
  }
}

/** `view.*` */
export function viewHandlers(engine: EngineState): Pick<Handlers<EngineContract>, ViewRequests> {
  const { libraries, backbones, analyses, lookSpeeds, tellThroughput } = engine
  return {
    'view.analyse': (request, { signal, emit }) =>
      backbones.use(request.modelId, async (backbone) => {
        const { path, libraryId } = libraries.image(request.imageId)
        const bytes = await readImageFile(path)
        signal.throwIfAborted()
        const progress = createProgress('Looking at the picture', 1, emit)
        const state = await lookAtPicture(backbone, bytes, { size: request.size, tiled: request.tiled ?? false }, {
          signal,
          onRun: (done, all) => {
            if (done === 1) progress.grow(all - 1)
            progress.advance(1)
          },
        })
        signal.throwIfAborted()
        progress.finish()
        lookSpeeds.measured(request.modelId, state.macs, state.modelMs)
        if (state.tiles === 1) tellThroughput({ modelId: request.modelId, imagesPerSecond: 1000 / state.modelMs })
        // A search by one of its patches may come next. What fails now is met by that search.
        preparePatchSearch(engine, libraryId, request.modelId).catch(() => undefined)
        return describe(request, analyses.keep({ modelId: request.modelId, state }), state)
      }),
    'view.attention': ({ analysisId, layer, query }) => {
      const { modelId, state } = analyses.get(analysisId)
      return backbones.use(modelId, () => attentionOf(state, layer, query))
    },
    'view.similarity': async ({ analysisId, patch }) => similarityTo(analyses.get(analysisId).state, patch),
  }
}
