/** @file Depth of the open folder's pictures by one head: measured, for the map's colours, and written as files. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { messageOf, type DepthExportRequest, type DepthExportResult, type DepthNumbers, type FileProblem } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLibraryWork, useLibrarySpace } from './library-work'
import { useNoticesStore } from './notices'

export const useDepthFolderStore = defineStore('depth-folder', () => {
  const notices = useNoticesStore()
  const space = useLibrarySpace()
  const spaceKey = computed(() => (space.value === undefined ? '' : [space.value.libraryId, space.value.modelId].join()))
  const measuring = createLibraryWork<DepthNumbers>('Measuring depth')
  const exporting = createLibraryWork<DepthExportResult>('Writing depth')
  const headId = shallowRef<string>()
  /** Pictures whose depth could not be told in the last run. */
  const skipped = shallowRef<readonly FileProblem[]>([])
  /** What is known by this head. */
  const numbers = shallowRef<DepthNumbers>()
  /** Pictures whose depth is. */
  const known = computed(() => numbers.value?.median.reduce((sum, metres) => sum + (Number.isNaN(metres) ? 0 : 1), 0) ?? 0)

  const lookUp = async (): Promise<void> => {
    const [where, head, key] = [space.value, headId.value, spaceKey.value]
    if (where === undefined || head === undefined) return
    try {
      const found = await useClient()['depth.numbers']({ libraryId: where.libraryId, modelId: where.modelId, headId: head })
      if (headId.value === head && spaceKey.value === key) numbers.value = found
    } catch (error) {
      notices.show('problem', `The depths that are known could not be read: ${messageOf(error)}`)
    }
  }
  /** Looks up what was measured earlier with another head than the last. */
  const look = async (head: string): Promise<void> => {
    if (headId.value !== head) {
      measuring.reset()
      exporting.reset()
      skipped.value = []
      numbers.value = undefined
    }
    headId.value = head
    if (measuring.state.value.phase !== 'running') await lookUp()
  }
  const measure = async (rows: Uint32Array | undefined): Promise<void> => {
    const head = headId.value
    if (head === undefined) return
    skipped.value = []
    const found = await measuring.run(({ libraryId, modelId }, onProgress) =>
      useClient()['depth.run']({ libraryId, rows, modelId, headId: head }, (event) => {
        if (event.kind === 'progress') onProgress(event)
        else skipped.value = [...skipped.value, event.problem]
      }),
    )
    // What was measured before it was stopped, or failed, is kept.
    if (found === undefined) await lookUp()
    else if (headId.value === head) numbers.value = found
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
  // Any setting makes another object of the same space.
  watch(spaceKey, () => {
    headId.value = undefined
    numbers.value = undefined
  })
  return { state: measuring.state, headId, numbers, known, skipped, exportState: exporting.state, exported: exporting.result, look, measure, stop: measuring.stop, write, stopWriting: exporting.stop }
})
