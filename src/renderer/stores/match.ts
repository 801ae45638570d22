/** @file Two pictures side by side: each looked at by the same model, and what of one is found in the other. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { AnalyseRequest, Analysis, CommonParts, MutualMatches, PatchMatches, SimilarityMap } from '../../engine/contract'
import { createAnalysisLoader, type AnalysisLoader } from '../services/analyses'
import { useClient } from '../services/client'
import { createLatest } from '../services/latest'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'

export type MatchSide = 'left' | 'right'
export const matchSides = ['left', 'right'] as const
/** One patch and where it is found; all pairs that choose each other; parts that both have. */
export type MatchMode = 'patch' | 'pairs' | 'parts'

export type SideState =
  | { readonly phase: 'empty' }
  | { readonly phase: 'loading' }
  | { readonly phase: 'failed'; readonly problem: Problem }
  | { readonly phase: 'ready'; readonly analysis: Analysis }

export interface MatchQuery {
  readonly side: MatchSide
  readonly patch: number
}

/** A query with its answer: its own picture, and the other one. */
export interface QueryAnswer extends MatchQuery {
  readonly own: SimilarityMap
  readonly other: PatchMatches
}

const mostPairs = 400
const empty: SideState = { phase: 'empty' }
export const otherSide = (side: MatchSide): MatchSide => (side === 'left' ? 'right' : 'left')

export const useMatchStore = defineStore('match', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const ids = shallowRef<Readonly<Record<MatchSide, string | undefined>>>({ left: undefined, right: undefined })
  const sides = shallowRef<Readonly<Record<MatchSide, SideState>>>({ left: empty, right: empty })
  /** The side that the film strip and the arrow keys change. */
  const active = shallowRef<MatchSide>('right')
  const mode = shallowRef<MatchMode>('patch')
  const query = shallowRef<MatchQuery>()
  const answer = shallowRef<QueryAnswer>()
  const pairs = shallowRef<MutualMatches>()
  const parts = shallowRef<CommonParts>()
  const partCount = shallowRef(6)
  const problem = shallowRef<Problem>()
  const loaderOf = (): AnalysisLoader => createAnalysisLoader((request, onEvent) => useClient()['view.analyse'](request, onEvent), 2)
  const loaders: Readonly<Record<MatchSide, AnalysisLoader>> = { left: loaderOf(), right: loaderOf() }
  const turns: Record<MatchSide, number> = { left: 0, right: 0 }

  const analysisOf = (side: MatchSide): Analysis | undefined => {
    const state = sides.value[side]
    return state.phase === 'ready' ? state.analysis : undefined
  }
  /** The ids of both analyses, once both are there. */
  const pair = computed(() => {
    const [left, right] = [analysisOf('left'), analysisOf('right')]
    return left === undefined || right === undefined ? undefined : { left: left.analysisId, right: right.analysisId }
  })

  const fail = (error: unknown): void => {
    if (!isCancelled(error)) problem.value = problemOf(error)
  }
  const lookUp = createLatest<{ readonly pair: { readonly left: string; readonly right: string }; readonly query: MatchQuery }, QueryAnswer>({
    run: async ({ pair: both, query: { side, patch } }) => {
      const from = both[side]
      const [other, own] = await Promise.all([
        useClient()['match.patch']({ left: from, right: both[otherSide(side)], patch }),
        useClient()['view.similarity']({ analysisId: from, patch }),
      ])
      return { side, patch, own, other }
    },
    onResult: (found) => {
      answer.value = found
      problem.value = undefined
    },
    onError: fail,
  })
  /** What the mode needs of the two pictures. */
  const ask = async (): Promise<void> => {
    const both = pair.value
    if (both === undefined) return
    try {
      if (mode.value === 'pairs' && pairs.value === undefined) {
        const found = await useClient()['match.mutual']({ ...both, top: mostPairs })
        if (both === pair.value) pairs.value = found
      } else if (mode.value === 'parts' && parts.value === undefined) {
        const found = await useClient()['match.common']({ ...both, parts: partCount.value })
        if (both === pair.value) parts.value = found
      } else if (mode.value === 'patch' && query.value !== undefined) lookUp.request({ pair: both, query: query.value })
    } catch (error) {
      if (both === pair.value) fail(error)
    }
  }

  const put = (side: MatchSide, state: SideState): void => {
    sides.value = { ...sides.value, [side]: state }
  }
  const look = async (side: MatchSide): Promise<void> => {
    const imageId = ids.value[side]
    const modelId = models.active?.id
    const turn = ++turns[side]
    if (imageId === undefined || modelId === undefined) {
      put(side, empty)
      return
    }
    put(side, { phase: 'loading' })
    const request: AnalyseRequest = { imageId, modelId, size: settings.values.analysisSize }
    try {
      const analysis = await loaders[side].load(request, () => undefined)
      if (turn === turns[side]) put(side, { phase: 'ready', analysis })
    } catch (error) {
      if (turn === turns[side] && !isCancelled(error)) put(side, { phase: 'failed', problem: problemOf(error) })
    }
  }
  /** Puts a picture on a side. */
  const show = (side: MatchSide, imageId: string): void => {
    if (ids.value[side] === imageId) return
    ids.value = { ...ids.value, [side]: imageId }
    if (query.value?.side === side) query.value = undefined
    void look(side)
  }
  const swap = (): void => {
    ids.value = { left: ids.value.right, right: ids.value.left }
    sides.value = { left: sides.value.right, right: sides.value.left }
    if (query.value !== undefined) query.value = { ...query.value, side: otherSide(query.value.side) }
  }
  const choose = (side: MatchSide, patch: number): void => {
    query.value = { side, patch }
    if (mode.value !== 'patch') mode.value = 'patch'
  }

  watch(pair, () => {
    answer.value = undefined
    pairs.value = undefined
    parts.value = undefined
    problem.value = undefined
    lookUp.cancel()
    void ask()
  })
  watch([mode, query], () => void ask())
  watch(partCount, () => {
    parts.value = undefined
    void ask()
  })
  watch(
    () => [models.active?.id, settings.values.analysisSize].join(),
    () => {
      query.value = undefined
      for (const side of matchSides) {
        loaders[side].clear()
        void look(side)
      }
    },
  )
  watch(
    () => library.library?.libraryId,
    () => {
      for (const side of matchSides) loaders[side].clear()
      ids.value = { left: undefined, right: undefined }
      sides.value = { left: empty, right: empty }
      query.value = undefined
    },
  )

  return { ids, sides, active, mode, query, answer, pairs, parts, partCount, problem, analysisOf, show, swap, choose }
})
