/** @file The picture on the stage: its analysis, what of it is looked at, and the next picture prepared. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { isEngineError, type AnalyseRequest, type Analysis, type AttentionMaps, type ImageEntry, type SimilarityMap } from '../../engine/contract'
import { createAnalysisLoader } from '../services/analyses'
import { useClient } from '../services/client'
import { createLatest } from '../services/latest'
import { problemOf } from '../services/problem'
import { reduceInspector, type InspectorChange, type InspectorState } from './inspector-reducer'
import { brushedRegion, initialView, layerIndex, neighbourPatch, viewFor, type InspectorView } from './inspector-view'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'
import { shownField } from './shown-field'

/** Pictures that follow each other faster than this are only shown; the analysis waits until the keys rest. */
const restMs = 160

interface AttentionRequest {
  readonly analysisId: string
  readonly layer: number
  readonly query: 'cls' | number
}
interface SimilarityRequest {
  readonly analysisId: string
  readonly patch: number
}

export const useInspectorStore = defineStore('inspector', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const jobs = useJobsStore()
  const imageId = shallowRef<string>()
  /** The picture that is looked at in tiles; it takes long, so that it is asked for anew for each. */
  const tiledId = shallowRef<string>()
  const state = shallowRef<InspectorState>({ phase: 'idle' })
  const view = shallowRef<InspectorView>(initialView)
  const loader = createAnalysisLoader((request, onEvent) => useClient()['view.analyse'](request, onEvent))
  let previous: Analysis | undefined
  let generation = 0
  let shownAtMs = -Infinity
  let direction = 1
  let mayRecover = true

  const entry = computed<ImageEntry | undefined>(() => (imageId.value === undefined ? undefined : library.entryOf(imageId.value)))
  const position = computed(() => (imageId.value === undefined || library.version < 0 ? -1 : library.positionOf(imageId.value)))
  const field = computed(() => (state.value.phase === 'ready' ? shownField(state.value, view.value, settings.values) : undefined))

  const dispatch = (change: InspectorChange): void => {
    state.value = reduceInspector(state.value, change)
  }

  const requestFor = (id: string | undefined): AnalyseRequest | undefined => {
    if (id === undefined || models.active === undefined) return undefined
    const common = { imageId: id, modelId: models.active.id }
    return id === tiledId.value ? { ...common, size: 'native', tiled: true } : { ...common, size: settings.values.analysisSize }
  }

  const neighbour = (step: number): ImageEntry | undefined => (position.value < 0 ? undefined : library.entryAt(position.value + step))

  /** An engine that has let go of the analysis gets the picture once more before that counts as a failure. */
  const detailFailed = (error: unknown, analysisId: string): void => {
    const request = requestFor(imageId.value)
    if (isEngineError(error, 'NOT_FOUND') && mayRecover && request !== undefined) {
      mayRecover = false
      loader.forget(request)
      void analyse()
      return
    }
    dispatch({ kind: 'detail-failed', analysisId, problem: problemOf(error) })
  }
  const attention = createLatest<AttentionRequest, AttentionMaps>({
    run: (request) => useClient()['view.attention'](request),
    onResult: (maps, { analysisId }) => {
      mayRecover = true
      dispatch({ kind: 'attention', analysisId, maps })
    },
    onError: (error, { analysisId }) => {
      detailFailed(error, analysisId)
    },
  })
  const similarity = createLatest<SimilarityRequest, SimilarityMap>({
    run: (request) => useClient()['view.similarity'](request),
    onResult: (map, { analysisId }) => {
      mayRecover = true
      dispatch({ kind: 'similarity', analysisId, map })
    },
    onError: (error, { analysisId }) => {
      detailFailed(error, analysisId)
    },
  })

  /** Asks for what the view needs beyond the analysis itself. */
  const requestDetails = (): void => {
    if (state.value.phase !== 'ready') return
    const { analysis, attention: shown, similarity: compared } = state.value
    const { analysisId } = analysis
    const { query, patch, mode } = view.value
    const layer = layerIndex(view.value, analysis)
    if (analysis.attention === undefined) attention.cancel()
    else if (query === 'cls' && layer === analysis.attention.layer) {
      attention.cancel()
      dispatch({ kind: 'attention', analysisId, maps: analysis.attention })
    } else if (shown?.layer !== layer || shown.query !== query) attention.request({ analysisId, layer, query })
    if (mode === 'similarity' && patch !== undefined && compared?.patch !== patch) similarity.request({ analysisId, patch })
  }

  const change = (changes: Partial<InspectorView>): void => {
    view.value = { ...view.value, ...changes }
    requestDetails()
  }

  const prefetch = (): void => {
    const request = requestFor(neighbour(direction)?.id)
    if (request !== undefined && jobs.running.length === 0 && library.problemOfImage(request.imageId) === undefined) loader.prefetch(request)
  }

  /** Analyses the picture on the stage with the chosen model and size, or says why not. */
  const analyse = async (): Promise<void> => {
    const request = requestFor(imageId.value)
    if (request === undefined) return
    const mine = ++generation
    attention.cancel()
    similarity.cancel()
    dispatch({ kind: 'analyse', request })
    const broken = library.problemOfImage(request.imageId)
    if (broken !== undefined) {
      loader.stop()
      dispatch({ kind: 'failed', problem: { code: broken.code, message: broken.reason, lists: [] } })
      return
    }
    const fast = performance.now() - shownAtMs < restMs
    shownAtMs = performance.now()
    if (fast) await new Promise((resolve) => setTimeout(resolve, restMs))
    if (mine !== generation) return
    try {
      const analysis = await loader.load(request, (progress) => {
        if (mine === generation) dispatch(progress)
      })
      if (mine !== generation) return
      view.value = viewFor(view.value, previous, analysis)
      previous = analysis
      dispatch({ kind: 'analysed', analysis })
      requestDetails()
      prefetch()
    } catch (error) {
      if (mine === generation) dispatch({ kind: 'failed', problem: problemOf(error) })
    }
  }

  const show = async (id: string): Promise<void> => {
    if (id !== imageId.value) tiledId.value = undefined
    imageId.value = id
    library.activeId = id
    await analyse()
  }

  const tiled = computed(() => imageId.value !== undefined && imageId.value === tiledId.value)
  /** At the picture's own size in tiles, or again in one piece; what was on its way is given up. */
  const lookInTiles = (on: boolean): void => {
    tiledId.value = on ? imageId.value : undefined
    void analyse()
  }

  /** The picture `step` places on, or undefined at the end of the folder. */
  const step = (by: number): ImageEntry | undefined => {
    direction = Math.sign(by) || 1
    return neighbour(by)
  }

  const leave = (): void => {
    generation += 1
    loader.stop()
    attention.cancel()
    similarity.cancel()
    imageId.value = undefined
    dispatch({ kind: 'leave' })
  }

  /** A click on a patch: the query of attention, or what similarity starts from. */
  const pickPatch = (patch: number): void => {
    if (view.value.mode === 'attention') change({ query: patch })
    if (view.value.mode === 'similarity') change({ patch })
  }

  /** The pointer passed over a patch with Shift held: patches are compared, whatever was looked at before. */
  const brushPatch = (patch: number): void => {
    const region = brushedRegion(view.value.region, patch)
    if (region !== view.value.region) change({ mode: 'similarity', region })
  }

  /** Moves that patch by whole patches; from CLS it starts where similarity would. */
  const movePatch = (dx: number, dy: number): void => {
    if (state.value.phase !== 'ready') return
    const { query, mode, patch } = view.value
    const from = mode === 'attention' && query !== 'cls' ? query : patch
    if (from !== undefined) pickPatch(mode === 'attention' && query === 'cls' ? from : neighbourPatch(from, dx, dy, state.value.analysis))
  }

  watch(
    () => [models.models, models.active?.id, settings.values.analysisSize] as const,
    ([list, modelId, size], [listBefore, modelIdBefore, sizeBefore]) => {
      // Another model may have come under the id of one that was removed.
      if (list !== listBefore) loader.clear()
      // A size that is chosen is a size in one piece.
      if (size !== sizeBefore) tiledId.value = undefined
      if (modelId !== modelIdBefore || size !== sizeBefore || state.value.phase === 'analysing') void analyse()
    },
  )
  watch(() => library.library?.libraryId, loader.clear)
  // The file of the picture on the stage has become another picture.
  watch(
    () => [imageId.value, library.version < 0 || imageId.value === undefined ? 0 : library.revisionOf(imageId.value)] as const,
    ([id, revision], [idBefore, revisionBefore]) => {
      if (id === undefined || id !== idBefore || revision === revisionBefore) return
      loader.clear()
      void analyse()
    },
  )

  return { imageId, state, view, entry, position, field, tiled, show, leave, analyse, lookInTiles, change, step, pickPatch, brushPatch, movePatch }
})
