/** @file Which pictures of the open folder have vectors, and how long the others would take. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { VectorStatus } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf, type Problem } from '../services/problem'
import { embeddingMs, missingVectors, vectorsOf } from './embed-estimate'
import { useEngineStore } from './engine'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'

export const useEmbedStatusStore = defineStore('embed-status', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const engine = useEngineStore()
  const status = shallowRef<readonly VectorStatus[]>([])
  const problem = shallowRef<Problem>()
  /** Images per second of models that have been timed in this visit. */
  const rates = shallowRef<Readonly<Record<string, number>>>({})
  let asked = 0

  /** Pictures that can be embedded at all. */
  const readable = computed(() => {
    const { images = 0, broken = 0, gone = 0 } = library.library?.counts ?? {}
    return Math.max(0, images - broken - gone)
  })
  /** Of the open folder and the chosen model. */
  const counts = computed(() => vectorsOf(status.value, models.active?.id))
  const missing = computed(() => missingVectors(readable.value, counts.value, false))
  const missingPatches = computed(() => missingVectors(readable.value, counts.value, true))
  const imagesPerSecond = computed(() => {
    const id = models.active?.id ?? ''
    return rates.value[id] ?? (engine.throughput?.modelId === id ? engine.throughput.imagesPerSecond : undefined)
  })
  const estimateMs = (images: number): number | undefined => embeddingMs(images, imagesPerSecond.value)

  const refresh = async (): Promise<void> => {
    const libraryId = library.library?.libraryId
    const mine = ++asked
    if (libraryId === undefined) {
      status.value = []
      return
    }
    try {
      const found = await useClient()['embed.status']({ libraryId })
      if (mine !== asked) return
      status.value = found
      problem.value = undefined
    } catch (error) {
      if (mine === asked) problem.value = problemOf(error)
    }
  }

  const learnRate = (modelId: string, rate: number): void => {
    if (rate > 0) rates.value = { ...rates.value, [modelId]: rate }
  }

  /** Times the chosen model on one picture as it would be embedded, where nothing has timed it yet. */
  const measure = async (): Promise<void> => {
    const modelId = models.active?.id
    if (modelId === undefined || imagesPerSecond.value !== undefined) return
    const image = Array.from({ length: Math.min(50, library.imageCount) }, (_, row) => library.entryOfRow(row)).find(
      (entry) => entry !== undefined && library.problemOfImage(entry.id) === undefined && !library.isGone(entry.id),
    )
    if (image === undefined) return
    try {
      const { modelMs } = await useClient()['view.analyse']({ imageId: image.id, modelId, size: 'evaluation' }).result
      if (modelMs > 0) learnRate(modelId, 1000 / modelMs)
    } catch {
      // Without a measurement no time is told; what is wrong with the picture or the model is said where it is used.
    }
  }

  watch(
    () => [library.library?.libraryId, library.state.phase] as const,
    ([libraryId, phase]) => {
      if (phase === 'open' || libraryId === undefined) void refresh()
    },
  )

  return { status, problem, readable, counts, missing, missingPatches, imagesPerSecond, estimateMs, refresh, learnRate, measure }
})
