/** @file What has vectors is asked when a folder has been read, and timed on one picture where nothing has been timed. */
import { describe, expect, it, vi } from 'vitest'
import { useEmbedStatusStore } from '../../../src/renderer/stores/embed-status'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakePicture } from '../fake-engine'
import { startPage } from '../page'

const pictures = [fakePicture('a.jpg', { broken: 'cut off' }), fakePicture('b.jpg'), fakePicture('c.jpg')]

describe('useEmbedStatusStore', () => {
  it('asks when a folder has been read and forgets when it is closed', async () => {
    startPage({ pictures, embedded: ['demo'] })
    const status = useEmbedStatusStore()
    const library = useLibraryStore()
    await useModelsStore().load()
    await library.open('/photos')
    await vi.waitFor(() => {
      expect(status.counts).toEqual({ images: 2, withPatches: 2 })
    })
    await library.close()
    await vi.waitFor(() => {
      expect(status.status).toEqual([])
    })
  })

  it('times the model on the first readable picture, once', async () => {
    startPage({ pictures })
    const status = useEmbedStatusStore()
    await useModelsStore().load()
    await useLibraryStore().open('/photos')
    expect(status.estimateMs(100)).toBeUndefined()
    await status.measure()
    expect(status.estimateMs(100)).toBeCloseTo(3840, 3)
  })
})
