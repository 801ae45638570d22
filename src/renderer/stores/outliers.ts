/** @file How unusual each picture of the open folder is. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Outliers } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLibraryWork } from './library-work'

const neighbours = 10

export const useOutliersStore = defineStore('outliers', () => {
  const work = createLibraryWork<Outliers>('Comparing with neighbours')
  const find = async (): Promise<void> => {
    await work.run((where, onProgress) => useClient()['structure.outliers']({ ...where, rows: undefined, neighbours }, onProgress))
  }
  /** Rows with a vector, the most unusual first. */
  const ranked = computed(() => {
    const values = work.result.value?.uniqueness ?? new Float32Array()
    const rows: number[] = []
    values.forEach((value, row) => {
      if (!Number.isNaN(value)) rows.push(row)
    })
    return Uint32Array.from(rows.sort((a, b) => values[b]! - values[a]! || a - b))
  })
  const valueOf = (row: number): number => work.result.value?.uniqueness[row] ?? NaN

  return { state: work.state, ranked, valueOf, find, stop: work.stop }
})
