/** @file The patches that are chosen in a cloud of patches: points of the map that is shown, with undo. */
import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import { createChoice } from './choice'
import { useMapStore } from './map'

/** Points of each picture of a cloud of patches, and which patch each is. */
export interface PicturePoints {
  readonly row: number
  readonly points: Uint32Array
}

/** The points of each picture, pictures by row. */
function byPicture(rows: Uint32Array): ReadonlyMap<number, Uint32Array> {
  const counts = new Map<number, number>()
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1)
  const filled = new Map<number, { readonly points: Uint32Array; at: number }>()
  for (const [row, count] of [...counts].sort(([a], [b]) => a - b)) filled.set(row, { points: new Uint32Array(count), at: 0 })
  rows.forEach((row, point) => {
    const one = filled.get(row)
    if (one !== undefined) one.points[one.at++] = point
  })
  return new Map([...filled].map(([row, { points }]) => [row, points]))
}

export const usePatchChoiceStore = defineStore('patch-choice', () => {
  const map = useMapStore()
  const { reset, ...choice } = createChoice(() => map.data?.rows.length ?? 0)
  const isCloud = computed(() => map.data?.patches !== undefined)
  const pointsOf = computed(() => (isCloud.value && map.data !== undefined ? byPicture(map.data.rows) : new Map<number, Uint32Array>()))
  /** Pictures of the cloud: those with the most chosen patches first; where none is chosen, all by row. */
  const pictures = computed<readonly PicturePoints[]>(() => {
    void choice.version.value
    const all = Array.from(pointsOf.value, ([row, points]) => ({ row, points }))
    if (choice.count.value === 0) return all
    const counted = all.map((one) => ({ ...one, chosen: one.points.reduce((sum, point) => sum + (choice.has(point) ? 1 : 0), 0) }))
    return counted.filter(({ chosen }) => chosen > 0).sort((a, b) => b.chosen - a.chosen || a.row - b.row)
  })
  watch(() => map.data, reset, { flush: 'sync' })
  return { ...choice, isCloud, pointsOf, pictures }
})
