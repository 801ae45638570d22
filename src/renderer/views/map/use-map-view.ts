/** @file What the map and the rest of the page have in common: rows and points, colours, what is chosen: pictures, or patches in a cloud of them. */
import { computed, type ComputedRef } from 'vue'
import { colourMap } from '../../../engine/display'
import { legendOf, tintsOf, type LegendEntry } from '../../point-cloud'
import { formatMetres } from '../../services/format'
import { imageUrl } from '../../services/urls'
import { useLibraryStore } from '../../stores/library'
import { useMapStore } from '../../stores/map'
import { useMapColoursStore } from '../../stores/map-colours'
import { usePatchChoiceStore } from '../../stores/patch-choice'
import { useSelectionStore } from '../../stores/selection'
import type { ShapeEffect } from './map-tools'

const tileEdge = 128

export function useMapView() {
  const library = useLibraryStore()
  const map = useMapStore()
  const colours = useMapColoursStore()
  const selection = useSelectionStore()
  const patches = usePatchChoiceStore()

  const rowAt = (point: number): number => map.data?.rows[point] ?? -1
  /** Points that are chosen, themselves or as their pictures. */
  const chosen = computed(() => {
    void [selection.version, patches.version]
    return patches.isCloud
      ? { count: patches.count, has: patches.has }
      : { count: selection.count, has: (point: number) => selection.has(rowAt(point)) }
  })
  const legend: ComputedRef<readonly LegendEntry[]> = computed(() => {
    if (map.data === undefined || colours.colouring.kind !== 'category') return []
    return legendOf(colours.colouring, map.data.rows, chosen.value.has)
  })
  const tints = computed(() =>
    tintsOf({
      rows: map.data?.rows ?? new Uint32Array(),
      colouring: colours.colouring,
      legend: legend.value,
      hidden: colours.hidden,
      isSelected: chosen.value.has,
      hasSelection: chosen.value.count > 0,
      colourMap: colourMap('viridis'),
    }),
  )
  /** Pictures beside the map: those that are chosen, or all that are on it, in the order of the grid's rows. */
  const strip = computed(() => {
    void selection.version
    return selection.count > 0 ? selection.rows() : Uint32Array.from(new Set(map.data?.rows ?? [])).sort()
  })

  const urlOf = (row: number): string => {
    const entry = library.entryOfRow(row)
    return entry === undefined ? '' : imageUrl(entry.id, tileEdge, library.revisionOf(entry.id))
  }
  const chosenPoints = (): number[] => Array.from(map.data?.rows ?? [], (_, point) => point).filter((point) => chosen.value.has(point))
  const choose = (points: Iterable<number>, effect: ShapeEffect): void => {
    if (patches.isCloud) patches[effect](points)
    else selection[effect](new Set(Array.from(points, rowAt)))
  }
  const clear = (): void => {
    if (patches.isCloud) patches.clear()
    else selection.clear()
  }
  /** What is known of a point besides the name of its picture. */
  const factsOf = (point: number): readonly string[] => {
    const { colouring, source } = colours
    if (source === undefined || colouring.kind === 'plain' || colouring.kind === 'colours') return []
    const place = colouring.per === 'point' ? point : rowAt(point)
    if (colouring.kind === 'category') {
      const name = colouring.names[colouring.labels[place] ?? -1]
      return name === undefined ? [] : [`${source.label}: ${name}`]
    }
    if (source.id === 'size' || source.id === 'date') return []
    const value = colouring.values[place] ?? NaN
    return Number.isNaN(value) ? [] : [`${source.label}: ${source.unit === 'm' ? formatMetres(value) : value.toFixed(3)}`]
  }

  return { chosen, legend, tints, strip, urlOf, rowAt, chosenPoints, choose, clear, factsOf }
}
