/** @file One picture by two models: both looks, their colours aligned, the same place in both, and its neighbours by each. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { AnalyseRequest, Analysis, NeighboursOfBoth, PairColours, SimilarityMap } from '../../engine/contract'
import { createAnalysisLoader, type AnalysisLoader } from '../services/analyses'
import { useClient } from '../services/client'
import { createLatest } from '../services/latest'
import { patchOfPlace, type PicturePlace } from '../services/picture-place'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { compareSides, useCompareModelsStore, type CompareSide } from './compare-models'
import { useLibraryStore } from './library'
import type { SideState } from './match'
import { useSettingsStore } from './settings'

export type CompareMode = 'picture' | 'attention' | 'colours' | 'similarity'

const empty: SideState = { phase: 'empty' }

export const useComparePictureStore = defineStore('compare-picture', () => {
  const models = useCompareModelsStore()
  const library = useLibraryStore()
  const settings = useSettingsStore()
  const sides = shallowRef<Readonly<Record<CompareSide, SideState>>>({ a: empty, b: empty })
  const mode = shallowRef<CompareMode>('attention')
  const colours = shallowRef<PairColours>()
  const neighbours = shallowRef<NeighboursOfBoth>()
  const problem = shallowRef<Problem>()
  const hovered = shallowRef<PicturePlace>()
  const pinned = shallowRef<PicturePlace>()
  const similarity = shallowRef<Readonly<Record<CompareSide, SimilarityMap | undefined>>>()
  const loaderOf = (): AnalysisLoader => createAnalysisLoader((request, onEvent) => useClient()['view.analyse'](request, onEvent), 3)
  const loaders: Readonly<Record<CompareSide, AnalysisLoader>> = { a: loaderOf(), b: loaderOf() }
  let turn = 0
  /** Whether the picture was looked at anew since the engine had forgotten it. */
  let renewed = false

  /** Whether the page is seen; nothing is looked at for nobody. */
  const shown = shallowRef(false)
  const imageId = computed(() => (!shown.value || models.row === undefined ? undefined : library.entryOfRow(models.row)?.id))
  const requestOf = (side: CompareSide, image: string | undefined): AnalyseRequest | undefined => {
    const modelId = models.sides[side]?.id
    return image === undefined || modelId === undefined ? undefined : { imageId: image, modelId, size: settings.values.analysisSize }
  }
  const analysisOf = (side: CompareSide): Analysis | undefined => {
    const state = sides.value[side]
    return state.phase === 'ready' ? state.analysis : undefined
  }
  const pair = computed(() => {
    const [a, b] = [analysisOf('a'), analysisOf('b')]
    return a === undefined || b === undefined ? undefined : { a, b }
  })
  /** Where both are pointed at: what was clicked, otherwise what is under the pointer. */
  const place = computed(() => pinned.value ?? hovered.value)
  const patchOf = (side: CompareSide, at: PicturePlace | undefined): number | undefined => {
    const analysis = analysisOf(side)
    return at === undefined || analysis === undefined ? undefined : patchOfPlace(at, analysis)
  }

  const put = (side: CompareSide, state: SideState): void => {
    sides.value = { ...sides.value, [side]: state }
  }
  const look = async (side: CompareSide, mine: number): Promise<void> => {
    const request = requestOf(side, imageId.value)
    if (request === undefined) return
    try {
      const analysis = await loaders[side].load(request, () => undefined)
      if (mine === turn) put(side, { phase: 'ready', analysis })
    } catch (error) {
      if (mine === turn && !isCancelled(error)) put(side, { phase: 'failed', problem: problemOf(error) })
    }
  }
  /** Looks at the picture that an arrow key would bring next. */
  const prepareNext = (): void => {
    const next = models.further(1)
    if (next === undefined || next === models.row) return
    for (const side of compareSides) {
      const request = requestOf(side, library.entryOfRow(next)?.id)
      if (request !== undefined) loaders[side].prefetch(request)
    }
  }
  const lookAgain = (): void => {
    const mine = ++turn
    const state: SideState = imageId.value === undefined ? empty : { phase: 'loading' }
    sides.value = { a: state, b: state }
    // One after the other: both together would only make each of them later.
    void look('a', mine).then(() => (mine === turn ? look('b', mine) : undefined))
  }
  /** Keeps why something failed; what the engine has forgotten meanwhile is looked at once more. */
  const fail = (error: unknown): void => {
    if (isCancelled(error)) return
    const failed = problemOf(error)
    if (failed.code === 'NOT_FOUND' && !renewed) {
      renewed = true
      for (const side of compareSides) loaders[side].clear()
      lookAgain()
    } else problem.value = failed
  }

  const lookUp = createLatest<{ readonly at: PicturePlace; readonly both: { readonly a: Analysis; readonly b: Analysis } }, Readonly<Record<CompareSide, SimilarityMap | undefined>>>({
    run: async ({ at, both }) => {
      const similar = async (analysis: Analysis): Promise<SimilarityMap | undefined> => {
        const patch = patchOfPlace(at, analysis)
        return patch === undefined ? undefined : useClient()['view.similarity']({ analysisId: analysis.analysisId, patch })
      }
      const [a, b] = await Promise.all([similar(both.a), similar(both.b)])
      return { a, b }
    },
    onResult: (found) => {
      similarity.value = found
    },
    onError: fail,
  })
  const pin = (at: PicturePlace): void => {
    pinned.value = at
    mode.value = 'similarity'
  }
  /** Lets go of the place; false where there was none. */
  const letGo = (): boolean => {
    const had = pinned.value !== undefined
    pinned.value = undefined
    return had
  }

  watch(
    () => [imageId.value, models.sides.a?.id, models.sides.b?.id, settings.values.analysisSize].join(),
    () => {
      pinned.value = undefined
      hovered.value = undefined
      problem.value = undefined
      renewed = false
      lookAgain()
    },
    { immediate: true },
  )
  watch(pair, async (both) => {
    colours.value = undefined
    similarity.value = undefined
    lookUp.cancel()
    if (both === undefined) return
    try {
      const found = await useClient()['compare.colours']({ left: both.a.analysisId, right: both.b.analysisId })
      if (both !== pair.value) return
      colours.value = found
      prepareNext()
    } catch (error) {
      if (both === pair.value) fail(error)
    }
  })
  watch([place, mode, pair], ([at, asked, both]) => {
    if (at !== undefined && both !== undefined && asked === 'similarity') lookUp.request({ at, both })
  })
  watch(
    () => [models.comparison, models.row] as const,
    async ([comparison, row]) => {
      neighbours.value = undefined
      if (comparison === undefined || row === undefined) return
      try {
        const found = await useClient()['compare.neighbours']({ comparisonId: comparison.comparisonId, row })
        if (comparison !== models.comparison || row !== models.row) return
        neighbours.value = comparison.modelA === models.computedA ? found : { a: found.b, b: found.a }
      } catch (error) {
        if (comparison === models.comparison && row === models.row) problem.value = problemOf(error)
      }
    },
    { immediate: true },
  )

  return { shown, imageId, sides, mode, colours, neighbours, problem, hovered, pinned, place, similarity, analysisOf, patchOf, pin, letGo }
})
