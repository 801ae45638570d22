/** @file The index of the vectors that are compared: looked up, built, stopped. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useSearchIndexStore } from '../../../src/renderer/stores/search-index'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { startPage } from '../page'

describe('useSearchIndexStore', () => {
  it('builds an index, tells its recall, and knows none of other vectors', async () => {
    startPage({ embedded: ['demo'] })
    const index = useSearchIndexStore()
    await useModelsStore().load()
    await useLibraryStore().open('/photos')
    await index.refresh()
    expect(index.info).toBeUndefined()
    await index.build()
    expect(index.info).toMatchObject({ modelId: 'demo', pooling: 'cls', vectors: 3, recall: 0.987 })
    useSettingsStore().update({ searchPooling: 'mean' })
    await vi.waitFor(() => {
      expect(index.info).toBeUndefined()
    })
  })

  it('can be stopped while it is built, which is no failure', async () => {
    startPage({
      handlers: {
        'search.buildIndex': (_request, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          }),
      },
    })
    const index = useSearchIndexStore()
    await useModelsStore().load()
    await useLibraryStore().open('/photos')
    const ended = index.build()
    expect(index.building).toEqual({ progress: undefined, stopping: false })
    await index.stop()
    await ended
    expect([index.building, index.problem, index.info]).toEqual([undefined, undefined, undefined])
  })
})
