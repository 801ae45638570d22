/** @file Requests about one picture as one model sees it. */
import type { AnalyseRequest, Analysis, EngineContract, Handlers } from '../../contract'
import { analyseImage, attentionOf, pcaOf, similarityTo, type AnalysisState } from '../../inference'
import { readImageFile } from '../../image'
import type { EngineState } from '../engine-state'
import { preparePicture } from '../prepare-picture'
import { preparePatchSearch } from '../search-patches'

type ViewRequests = 'view.analyse' | 'view.attention' | 'view.similarity'

/** 64 × 64: attention grows with the square, and beyond this a click takes seconds. */
const maxViewPatches = 4096

async function describe(request: AnalyseRequest, analysisId: string, state: AnalysisState): Promise<Analysis> {
  const { backbone, prepared, batch, modelMs } = state
  const { depth, heads } = backbone.config
  return {
    analysisId,
    imageId: request.imageId,
    modelId: request.modelId,
    inputHeight: prepared.height,
    inputWidth: prepared.width,
    gridHeight: batch.grid.height,
    gridWidth: batch.grid.width,
    tiles: 1,
    layers: depth,
    heads,
    extent: prepared.extent,
    attention: await attentionOf(state, depth - 1, 'cls'),
    pca: pcaOf(state),
    modelMs,
    note: prepared.note,
  }
}

/** `view.*` */
export function viewHandlers(engine: EngineState): Pick<Handlers<EngineContract>, ViewRequests> {
  const { libraries, backbones, analyses, tellThroughput } = engine
  return {
    'view.analyse': (request, { signal }) =>
      backbones.use(request.modelId, async (backbone) => {
        const { path, libraryId } = libraries.image(request.imageId)
        const bytes = await readImageFile(path)
        signal.throwIfAborted()
        const prepared = await preparePicture(bytes, request.size, backbone.manifest, maxViewPatches)
        signal.throwIfAborted()
        const state = await analyseImage(backbone, prepared)
        signal.throwIfAborted()
        tellThroughput({ modelId: request.modelId, imagesPerSecond: 1000 / state.modelMs })
        // A search by one of its patches may come next. What fails now is met by that search.
        preparePatchSearch(engine, libraryId, request.modelId).catch(() => undefined)
        return describe(request, analyses.keep({ modelId: request.modelId, state }), state)
      }),
    'view.attention': ({ analysisId, layer, query }) => {
      const { modelId, state } = analyses.get(analysisId)
      return backbones.use(modelId, () => attentionOf(state, layer, query))
    },
    'view.similarity': ({ analysisId, patch }) => Promise.resolve(similarityTo(analyses.get(analysisId).state, patch)),
  }
}
