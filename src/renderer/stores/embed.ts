/** @file Turning a folder into vectors, turning vectors into files, and the dialog for both. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { EmbedLibraryRequest, EmbedLibraryResult, EmbedResult, ExportVectorsRequest } from '../../engine/contract'
import { useClient } from '../services/client'
import { formatQuantity } from '../services/format'
import type { EmbedFolder, EmbedState } from './embed-reducer'
import { useEmbedStatusStore } from './embed-status'
import { createEmbedWork } from './embed-work'
import { useNoticesStore } from './notices'
import type { RowScope } from './selection'

export type EmbedTab = 'embed' | 'export'

export const useEmbedStore = defineStore('embed', () => {
  const notices = useNoticesStore()
  const status = useEmbedStatusStore()
  const embedding = createEmbedWork<EmbedLibraryResult>('Embedding folder')
  const exporting = createEmbedWork<EmbedResult>('Exporting embeddings')
  const dialogOpen = shallowRef(false)
  const tab = shallowRef<EmbedTab>('embed')
  /** Of which pictures an export is proposed. */
  const exportScope = shallowRef<RowScope>('all')

  const openDialog = (on: EmbedTab, scope: RowScope = 'all'): void => {
    tab.value = on
    exportScope.value = scope
    dialogOpen.value = true
  }

  const tellFailure = (what: string, state: EmbedState<unknown>): void => {
    if (!dialogOpen.value && state.phase === 'failed') notices.show('problem', `${what} failed: ${state.problem.message}`)
  }

  /** Embeds what `request` names and has no vectors yet. True when it went through. */
  const start = async (request: EmbedLibraryRequest, folder: EmbedFolder): Promise<boolean> => {
    const result = await embedding.run(folder, (onEvent) => useClient()['embed.run'](request, onEvent))
    if (result !== undefined) status.learnRate(request.modelId, result.imagesPerSecond)
    await status.refresh()
    if (result === undefined) tellFailure('Embedding', embedding.state.value)
    else if (!dialogOpen.value) notices.show('done', `${formatQuantity(result.embedded + result.already, 'image')} of ${folder.name} can be searched now.`)
    return result !== undefined
  }

  /** Writes the vectors that `request` names as files to be fetched. */
  const exportVectors = async (request: ExportVectorsRequest, folder: EmbedFolder): Promise<void> => {
    const result = await exporting.run(folder, (onEvent) => useClient()['embed.export'](request, onEvent))
    if (result === undefined) tellFailure('The export', exporting.state.value)
    else if (!dialogOpen.value) notices.show('done', `The vectors of ${formatQuantity(result.images, 'image')} are ready under Embed.`)
  }

  return {
    dialogOpen, tab, exportScope, openDialog,
    state: embedding.state, start, stop: embedding.stop, dismiss: embedding.dismiss,
    exportState: exporting.state, exportVectors, stopExport: exporting.stop, dismissExport: exporting.dismiss,
  }
})
