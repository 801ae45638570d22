/** @file A balanced choice of the open folder's pictures: planned, looked at, and only then used. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { CurateRequest, CurationPlan } from '../../engine/contract'
import { useClient } from '../services/client'
import { useEmbedStatusStore } from './embed-status'
import { useLibraryStore } from './library'
import { createLibraryWork, mapResult } from './library-work'

export type CurationChoice = Pick<CurateRequest, 'target' | 'clusters' | 'duplicateSimilarity'>

const seed = 1
const firstSimilarity = 0.96
const mostClusters = 500

export const useCurationStore = defineStore('curation', () => {
  const status = useEmbedStatusStore()
  const library = useLibraryStore()
  const work = createLibraryWork<{ readonly plan: CurationPlan; readonly choice: CurationChoice }>('Planning the choice')
  const wanted = shallowRef<Partial<CurationChoice>>({})

  /** The most of each number. */
  const limits = computed(() => {
    const pictures = Math.max(2, status.counts.images)
    return { target: pictures, clusters: Math.min(mostClusters, pictures) }
  })
  /** What a person wants, within what there is; where nothing was said, half of the pictures over as many clusters as is usual. */
  const choice = computed((): CurationChoice => {
    const { target, clusters } = limits.value
    return {
      target: Math.min(target, wanted.value.target ?? Math.round(target / 2)),
      clusters: Math.min(clusters, wanted.value.clusters ?? Math.min(100, Math.round(Math.sqrt(target)))),
      duplicateSimilarity: wanted.value.duplicateSimilarity ?? firstSimilarity,
    }
  })
  const change = (changes: Partial<CurationChoice>): void => {
    wanted.value = { ...wanted.value, ...changes }
  }
  const result = computed(() => work.result.value?.plan)
  /** The numbers of the plan that is shown. */
  const planned = computed(() => work.result.value?.choice)
  /** Whether the plan that is shown is of other numbers than those chosen now. */
  const isOutdated = computed(() => {
    const { target, clusters, duplicateSimilarity } = choice.value
    const made = planned.value
    return made !== undefined && (made.target !== target || made.clusters !== clusters || made.duplicateSimilarity !== duplicateSimilarity)
  })

  const plan = async (): Promise<void> => {
    const asked = choice.value
    await work.run((where, onProgress) =>
      mapResult(useClient()['structure.curate']({ ...where, ...asked, rows: undefined, seed }, onProgress), (made) => ({ plan: made, choice: asked })),
    )
  }

  watch(
    () => library.library?.libraryId,
    () => {
      wanted.value = {}
    },
  )
  return { state: work.state, result, planned, choice, limits, isOutdated, change, plan, stop: work.stop }
})
