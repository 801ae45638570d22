/** @file What the map and the rest of the page have in common: rows and points, colours, the selection. */
import { computed, type ComputedRef } from 'vue'
import type { MapData } from '../../../engine/contract'
import { colourMap } from '../../../engine/display'
import { legendOf, tintsOf, type LegendEntry } from '../../point-cloud'
import { imageUrl } from '../../services/urls'
import { useLibraryStore } from '../../stores/library'
import { useMapStore } from '../../stores/map'
import { useMapColoursStore } from '../../stores/map-colours'
import { useSelectionStore } from '../../stores/selection'
import type { ShapeEffect } from './map-tools'

const tileEdge = 128

export function useMapView() {
  const library = useLibraryStore()
  const map = useMapStore()
  const colours = useMapColoursStore()
  const selection = useSelectionStore()

  const legend: ComputedRef<readonly LegendEntry[]> = computed(() => {
    void selection.version
    if (map.data === undefined || colours.colouring.kind !== 'category') return []
    return legendOf(colours.colouring, map.data.rows, selection.has)
  })
  const tints = computed(() => {
    void selection.version
    return tintsOf({
      rows: map.data?.rows ?? new Uint32Array(),
      colouring: colours.colouring,
      legend: legend.value,
      hidden: colours.hidden,
      selection: selection.mask(),
      hasSelection: selection.count > 0,
      colourMap: colourMap('viridis'),
    })
  })
  /** Pictures beside the map: those that are chosen, or all that are on it, in the order of the grid's rows. */
  const strip = computed(() => {
    void selection.version
    return selection.count > 0 ? selection.rows() : Uint32Array.from(new Set(map.data?.rows ?? [])).sort()
  })

  const urlOf = (row: number): string => {
    const entry = library.entryOfRow(row)
    return entry === undefined ? '' : imageUrl(entry.id, tileEdge, library.revisionOf(entry.id))
  }
  const rowsOfPoints = ({ rows }: MapData, points: Uint32Array): Set<number> => new Set(Array.from(points, (point) => rows[point]!))
  const pointsOfRows = ({ rows }: MapData, isWanted: (row: number) => boolean): number[] => {
    const found: number[] = []
    rows.forEach((row, point) => {
      if (isWanted(row)) found.push(point)
    })
    return found
  }
  const choose = (rows: Iterable<number>, effect: ShapeEffect): void => {
    if (effect === 'set') selection.set(rows)
    else if (effect === 'add') selection.add(rows)
    else selection.take(rows)
  }
  /** What is known of a row besides its name. */
  const factsOf = (row: number): readonly string[] => {
    const { colouring, source } = colours
    if (colouring.kind === 'category') {
      const name = colouring.names[colouring.labels[row] ?? -1]
      return name === undefined || source === undefined ? [] : [`${source.label}: ${name}`]
    }
    if (colouring.kind !== 'number' || source === undefined || source.id === 'size' || source.id === 'date') return []
    const value = colouring.values[row] ?? NaN
    return Number.isNaN(value) ? [] : [`${source.label}: ${value.toFixed(3)}`]
  }

  return { legend, tints, strip, urlOf, rowsOfPoints, pointsOfRows, choose, factsOf }
}
