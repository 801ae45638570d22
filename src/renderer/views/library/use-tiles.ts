/** @file What the tiles of the grid show, gathered from the stores. */
import { computed } from 'vue'
import { useLibraryStore } from '../../stores/library'
import { useSearchStore } from '../../stores/search'
import { useSelectionStore } from '../../stores/selection'

export function useTiles() {
  const library = useLibraryStore()
  const search = useSearchStore()
  const selection = useSelectionStore()

  /** Whether the shown search can be refined by marking pictures. */
  const markable = computed(() => library.ranking !== undefined && search.query?.kind === 'images')
  const peak = computed(() => library.ranking?.scores[0] ?? 1)

  /** The tiles of one row with everything they show; reads the stores anew when their versions change. */
  const tilesOf = (start: number, end: number) => {
    void [library.version, selection.version]
    return Array.from({ length: end - start }, (_, offset) => start + offset).flatMap((position) => {
      const row = library.rowAt(position)
      const entry = library.entryOfRow(row)
      if (entry === undefined) return []
      const { id } = entry
      return [
        {
          position,
          row,
          entry,
          problem: library.problemOfImage(id),
          selected: selection.has(row),
          gone: library.isGone(id),
          revision: library.revisionOf(id),
          size: library.sizeOf(id),
          score: library.scoreOfRow(row),
          sign: search.signOf(row),
          hit: library.ranking === undefined ? undefined : search.hitOf(row),
        },
      ]
    })
  }
  type Tile = ReturnType<typeof tilesOf>[number]
  const labelOf = ({ entry, problem, gone, score }: Tile): string =>
    [entry.name, problem && `broken: ${problem.reason}`, gone && 'not there now', score !== undefined && `similarity ${score.toFixed(2)}`].filter(Boolean).join(', ')

  return { tilesOf, labelOf, markable, peak }
}
