/** @file Two models over the open folder: which they are, how alike, and which picture is looked at. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { ModelComparison, ModelInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { flipped } from '../services/comparison-text'
import { missingVectors, vectorsOf } from './embed-estimate'
import { useEmbedStatusStore } from './embed-status'
import { useLibraryStore } from './library'
import { createSpaceWork } from './library-work'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'

export type CompareSide = 'a' | 'b'
export const compareSides = ['a', 'b'] as const

const neighbours = 10

export const useCompareModelsStore = defineStore('compare-models', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const status = useEmbedStatusStore()
  const wanted = shallowRef<Readonly<Record<CompareSide, string | undefined>>>({ a: undefined, b: undefined })
  const row = shallowRef<number>()

  const known = (id: string | undefined): ModelInfo | undefined => models.models.find((model) => model.id === id)
  /** The chosen ones; where one is not chosen or has gone, the one that is looked through, or another one. */
  const sides = computed(() => {
    const [a, b] = [known(wanted.value.a), known(wanted.value.b)]
    const other = (than: ModelInfo | undefined): ModelInfo | undefined => [models.active, ...models.models].find((model) => model !== undefined && model.id !== than?.id)
    const left = a ?? other(b)
    return { a: left, b: b ?? other(left) }
  })
  /** Two different models and a folder; the order of the two makes no difference to what is computed. */
  const space = computed(() => {
    const [libraryId, a, b] = [library.library?.libraryId, sides.value.a?.id, sides.value.b?.id]
    if (libraryId === undefined || a === undefined || b === undefined || a === b) return undefined
    return { libraryId, pooling: settings.values.searchPooling, first: a < b ? a : b, second: a < b ? b : a }
  })
  const work = createSpaceWork<ModelComparison, NonNullable<typeof space.value>>('Comparing models', space)

  /** As seen with side A on the left. */
  const comparison = computed(() => {
    const { value } = work.result
    return value === undefined || value.modelA === sides.value.a?.id ? value : flipped(value)
  })
  /** The model whose neighbours the engine calls those of A. */
  const computedA = computed(() => work.result.value?.modelA)
  const placeOfRow = computed(() => new Map(Array.from(comparison.value?.rows ?? [], (one, place) => [one, place])))
  const overlapOf = (of: number): number | undefined => comparison.value?.overlaps[placeOfRow.value.get(of) ?? -1]
  /** Pictures that each side would have to be embedded with first. */
  const missing = computed(() => {
    const of = (model: ModelInfo | undefined): number => (model === undefined ? 0 : missingVectors(status.readable, vectorsOf(status.status, model.id), false))
    return { a: of(sides.value.a), b: of(sides.value.b) }
  })

  const choose = (side: CompareSide, modelId: string): void => {
    const other = side === 'a' ? 'b' : 'a'
    const { [side]: before, [other]: kept } = sides.value
    // Choosing the model of the other side changes sides.
    wanted.value = { ...wanted.value, [side]: modelId, [other]: kept?.id === modelId ? before?.id : kept?.id }
  }
  const show = (a: string | undefined, b: string | undefined): void => {
    wanted.value = { a: a ?? wanted.value.a, b: b ?? wanted.value.b }
  }
  const swap = (): void => {
    wanted.value = { a: sides.value.b?.id, b: sides.value.a?.id }
  }

  const run = async (): Promise<void> => {
    const [a, b] = [sides.value.a?.id, sides.value.b?.id]
    if (a === undefined || b === undefined) return
    const result = await work.run(({ libraryId, pooling }, onProgress) =>
      useClient()['compare.models']({ libraryId, rows: undefined, modelA: a, modelB: b, pooling, k: neighbours }, (event) => {
        if (event.kind === 'progress') onProgress(event)
      }),
    )
    if (result !== undefined) await status.refresh()
  }

  /** The picture so many places further in the list of those that changed, or its last or first. */
  const further = (by: number): number | undefined => {
    const { changed } = comparison.value ?? {}
    if (changed === undefined) return undefined
    const place = row.value === undefined ? -1 : changed.indexOf(row.value)
    return changed[place < 0 ? 0 : Math.min(changed.length - 1, Math.max(0, place + by))]
  }
  const step = (by: number): void => {
    row.value = further(by)
  }

  watch(work.result, (result) => {
    row.value = result?.changed[0]
  })

  return { sides, space, state: work.state, comparison, computedA, missing, row, overlapOf, choose, show, swap, run, stop: work.stop, further, step }
})
