/** @file Depth of the open folder's pictures by one head: measured, for the map's colours, and written as files. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { messageOf, type DepthExportRequest, type DepthExportResult, type DepthNumbers } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLibraryWork, useLibrarySpace } from './library-work'
import { useNoticesStore } from './notices'

export const useDepthFolderStore = defineStore('depth-folder', () => {
  const notices = useNoticesStore()
  const space = useLibrarySpace()
  const measuring = createLibraryWork<DepthNumbers>('Measuring depth')
  const exporting = createLibraryWork<DepthExportResult>('Writing depth')
  const headId = shallowRef<string>()
  /** Pictures whose depth could not be told in the last run. */
  const skipped = shallowRef(0)
  /** Pictures whose depth by this head is known. */
  const known = computed(() => measuring.result.value?.median.reduce((sum, metres) => sum + (Number.isNaN(metres) ? 0 : 1), 0) ?? 0)

  /** Looks up what was measured earlier with another head than the last. */
  const look = async (head: string): Promise<void> => {
    if (headId.value !== head) {
      measuring.reset()
      exporting.reset()
      skipped.value = 0
    }
    headId.value = head
    const where = space.value
    if (where === undefined || measuring.state.value.phase !== 'idle') return
    try {
      const numbers = await useClient()['depth.numbers']({ libraryId: where.libraryId, modelId: where.modelId, headId: head })
      if (headId.value === head && measuring.state.value.phase === 'idle') measuring.show(numbers)
    } catch (error) {
      notices.show('problem', `The depths that are known could not be read: ${messageOf(error)}`)
    }
  }
  const measure = async (rows: Uint32Array | undefined): Promise<void> => {
    const head = headId.value
    if (head === undefined) return
    skipped.value = 0
    await measuring.run(({ libraryId, modelId }, onProgress) =>
      useClient()['depth.run']({ libraryId, rows, modelId, headId: head }, (event) => {
        if (event.kind === 'progress') onProgress(event)
        else skipped.value += 1
      }),
    )
  }
  const write = async (format: DepthExportRequest['format'], rows: Uint32Array | undefined): Promise<void> => {
    const head = headId.value
    if (head === undefined) return
    await exporting.run(({ libraryId, modelId }, onProgress) =>
      useClient()['depth.export']({ libraryId, rows, modelId, headId: head, format }, (event) => {
        if (event.kind === 'progress') onProgress(event)
      }),
    )
  }
  watch(space, () => {
    headId.value = undefined
  })
  return { state: measuring.state, known, skipped, exportState: exporting.state, exported: exporting.result, look, measure, stop: measuring.stop, write, stopWriting: exporting.stop }
})
