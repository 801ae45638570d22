/** @file The map as the page keeps it: at once by PCA, from the disk where it is, one at a time. */
import { describe, expect, it } from 'vitest'
import { EngineError, type MapData, type MapRequest } from '../../../src/engine/contract'
import { useEmbedStatusStore } from '../../../src/renderer/stores/embed-status'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { firstChoice, useMapStore } from '../../../src/renderer/stores/map'
import { useMapColoursStore } from '../../../src/renderer/stores/map-colours'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakePicture, type FakeEngineOptions } from '../fake-engine'
import { deferred, startPage } from '../page'

const mapOf = ({ libraryId: _libraryId, rows: _rows, ...choice }: MapRequest, mapId: string): MapData => ({
  info: { ...choice, mapId, points: 2, of: 2, computedAt: '2026-03-12T21:40:00.000Z', quality: undefined, explained: undefined },
  rows: Uint32Array.of(0, 1),
  patches: undefined,
  coordinates: new Float32Array(2 * choice.dims),
})

const openPage = async (handlers: FakeEngineOptions['handlers'] = {}) => {
  const asked: MapRequest[] = []
  startPage({
    pictures: ['sea/a', 'sea/b', 'land/c'].map((name) => fakePicture(name)),
    handlers: {
      'embed.status': () => Promise.resolve([{ modelId: useModelsStore().active?.id ?? '', images: 3, withPatches: 0 }]),
      'map.stored': () => Promise.resolve([]),
      'map.project': (request) => {
        asked.push(request)
        return Promise.resolve(mapOf(request, `${request.method} ${request.dims}`))
      },
      ...handlers,
    },
  })
  await useModelsStore().load()
  await useLibraryStore().open('/photos')
  await useEmbedStatusStore().refresh()
  return { map: useMapStore(), asked }
}

describe('useMapStore', () => {
  it('shows the quickest map there is when nothing is stored, and does not ask again', async () => {
    const { map, asked } = await openPage()
    await map.open()
    await map.open()
    expect([asked.map(({ method, dims }) => [method, dims]), map.data?.info.mapId]).toEqual([[['pca', 3]], 'pca 3'])
  })

  it('takes what is stored of the same vectors', async () => {
    const stored: MapRequest = { ...firstChoice, method: 'umap', libraryId: '', rows: undefined, modelId: '', pooling: 'cls', seed: 1 }
    const here = () => mapOf({ ...stored, modelId: useModelsStore().active?.id ?? '' }, 'kept')
    const { map, asked } = await openPage({ 'map.stored': () => Promise.resolve([here().info]), 'map.load': () => Promise.resolve(here()) })
    await map.open()
    expect([asked, map.data?.info.mapId, map.choice.method]).toEqual([[], 'kept', 'umap'])
  })

  it('keeps the map that is shown when another is cancelled or fails', async () => {
    const held = deferred<MapData>()
    const { map } = await openPage({
      'map.project': (request, { signal }) => {
        if (request.method === 'pca' && request.dims === 3) return Promise.resolve(mapOf(request, 'first'))
        if (request.method === 'pca') return Promise.reject(new EngineError('NOT_FOUND', 'no vectors'))
        signal.addEventListener('abort', () => { held.reject(signal.reason) })
        return held.promise
      },
    })
    await map.open()
    const computing = map.compute({ ...map.choice, method: 'umap' })
    await Promise.resolve()
    await map.cancel()
    await computing
    expect([map.state.phase, map.data?.info.mapId, map.choice.method]).toEqual(['none', 'first', 'pca'])
    await map.compute({ ...map.choice, dims: 2 })
    expect([map.state, map.data?.info.mapId]).toEqual([expect.objectContaining({ phase: 'failed' }), 'first'])
  })

  it('is gone with the folder', async () => {
    const { map } = await openPage()
    await map.open()
    await useLibraryStore().close()
    expect([map.data, map.state.phase, map.stored]).toEqual([undefined, 'none', []])
  })
})

describe('useMapColoursStore', () => {
  it('colours by folder, hides and isolates what the legend names', async () => {
    await openPage()
    const colours = useMapColoursStore()
    await colours.refresh()
    expect(colours.colouring).toEqual({ kind: 'category', labels: Int32Array.of(0, 0, 1), names: ['sea', 'land'] })
    colours.toggle([0])
    expect([...colours.hidden]).toEqual([0])
    colours.isolate([0], [0, 1])
    expect([...colours.hidden]).toEqual([1])
    colours.isolate([0], [0, 1])
    expect([...colours.hidden]).toEqual([])
  })

  it('says why a source gives nothing, and shows plain points', async () => {
    await openPage({ 'structure.outliers': () => Promise.reject(new EngineError('NOT_FOUND', 'embed it first')) })
    const colours = useMapColoursStore()
    await colours.refresh()
    colours.choose('uniqueness')
    await expect.poll(() => colours.problem?.message).toBe('embed it first')
    expect(colours.colouring).toEqual({ kind: 'plain' })
  })
})
