/** @file What is to be exported, as it is being chosen. */
import { computed, shallowRef } from 'vue'
import type { EmbeddingFormat, VectorPooling } from '../../../engine/contract'
import { useEmbedStore } from '../../stores/embed'
import { useEmbedStatusStore } from '../../stores/embed-status'
import { useLibraryStore } from '../../stores/library'
import { useModelsStore } from '../../stores/models'
import { useSelectionStore } from '../../stores/selection'

export type ExportChoice = ReturnType<typeof useExportRequest>

export function useExportRequest() {
  const embed = useEmbedStore()
  const status = useEmbedStatusStore()
  const library = useLibraryStore()
  const models = useModelsStore()
  const selection = useSelectionStore()
  const pooling = shallowRef<VectorPooling>('cls')
  const format = shallowRef<EmbeddingFormat>('parquet')
  const raw = shallowRef(false)

  /** A scope that is empty by now is all. */
  const scope = computed({
    get: () => {
      if (embed.exportScope === 'selected' && selection.count === 0) return 'all'
      return embed.exportScope === 'shown' && !library.isNarrowed ? 'all' : embed.exportScope
    },
    set: (chosen) => {
      embed.exportScope = chosen
    },
  })
  const count = computed(() => (void [selection.version, library.version], selection.countIn(scope.value)))
  const embedded = computed(() => (pooling.value === 'patches' ? status.counts.withPatches : status.counts.images))
  const canExport = computed(() => library.library !== undefined && models.active !== undefined && embedded.value > 0 && count.value > 0)

  const start = (): void => {
    const modelId = models.active?.id
    if (library.library === undefined || modelId === undefined) return
    const { libraryId, name, path } = library.library
    const rows = selection.rowsIn(scope.value)
    void embed.exportVectors({ libraryId, rows, modelId, pooling: pooling.value, format: format.value, raw: raw.value }, { name, path })
  }

  return { pooling, format, raw, scope, count, embedded, canExport, start }
}
