/** @file How unusual each picture of the open folder is, and which of them are looked at. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { Outliers } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLibraryWork } from './library-work'
import { histogramOf, rowsWithin, type ValueSpan } from './outliers-range'

const neighbours = 10
const bars = 72

export const useOutliersStore = defineStore('outliers', () => {
  const work = createLibraryWork<Outliers>('Comparing with neighbours')
  /** What was chosen of the histogram; undefined for all of it. */
  const chosenSpan = shallowRef<ValueSpan>()

  const find = async (): Promise<void> => {
    await work.run((where, onProgress) => useClient()['structure.outliers']({ ...where, rows: undefined, neighbours }, onProgress))
  }
  const values = computed(() => work.result.value?.uniqueness ?? new Float32Array())
  /** Rows with a vector, the most unusual first. */
  const ranked = computed(() => {
    const rows: number[] = []
    values.value.forEach((value, row) => {
      if (!Number.isNaN(value)) rows.push(row)
    })
    return Uint32Array.from(rows.sort((a, b) => values.value[b]! - values.value[a]! || a - b))
  })
  const histogram = computed(() => histogramOf(values.value, bars))
  const span = computed({
    get: (): ValueSpan => chosenSpan.value ?? [histogram.value.least, histogram.value.most],
    set: (next) => {
      const { least, most } = histogram.value
      chosenSpan.value = next[0] <= least && next[1] >= most ? undefined : next
    },
  })
  const isNarrowed = computed(() => chosenSpan.value !== undefined)
  /** Those within the span, the most unusual first. */
  const shown = computed(() => rowsWithin(ranked.value, values.value, span.value))
  const valueOf = (row: number): number => values.value[row] ?? NaN
  const showAll = (): void => {
    chosenSpan.value = undefined
  }

  watch(work.result, showAll)
  return { state: work.state, ranked, histogram, span, isNarrowed, shown, valueOf, find, showAll, stop: work.stop }
})
