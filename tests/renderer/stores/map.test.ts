/** @file The map as the page keeps it: at once by PCA, from the disk where it is, one at a time. */
import { describe, expect, it } from 'vitest'
import { EngineError, type HeadEvent, type JobContext, type MapData, type MapRequest, type PatchDepths } from '../../../src/engine/contract'
import { useEmbedStatusStore } from '../../../src/renderer/stores/embed-status'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { firstChoice, useMapStore } from '../../../src/renderer/stores/map'
import { useJobsStore } from '../../../src/renderer/stores/jobs'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { useMapColoursStore } from '../../../src/renderer/stores/map-colours'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakePicture, type FakeEngineOptions } from '../fake-engine'
import { fakeHead } from '../fake-dense'
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

describe('the depth of a cloud of patches', () => {
  const cloud: FakeEngineOptions['handlers'] = {
    'map.project': (request) => Promise.resolve({ ...mapOf(request, 'cloud'), patches: Uint32Array.of(3, 7) }),
    'heads.list': () => Promise.resolve([fakeHead({ headId: 'rooms', name: 'Rooms' }), fakeHead({ headId: 'other', name: 'Other', dim: 99 }), fakeHead({ headId: 'things', kind: 'classes' })]),
  }
  const openCloud = async (handlers: FakeEngineOptions['handlers'] = {}) => {
    const { map } = await openPage({ ...cloud, ...handlers })
    await map.compute({ ...firstChoice, subject: 'patches' })
    const colours = useMapColoursStore()
    await colours.refresh()
    return colours
  }
  const labels = (colours: ReturnType<typeof useMapColoursStore>): readonly string[] => colours.sources.map(({ id }) => id).filter((id) => id.includes('depth'))

  it('is told point by point in metres, by the heads that fit the model', async () => {
    const asked: unknown[] = []
    const colours = await openCloud({
      'depth.map': (request, { emit }) => {
        asked.push(request)
        emit({ kind: 'skipped', problem: { relativePath: 'land/c.jpg', code: 'IMG_CORRUPT', reason: 'half of it is missing' } })
        return Promise.resolve({ metres: Float32Array.of(2, NaN) })
      },
    })
    expect(labels(colours)).toEqual(['patch-depth:rooms', 'depth:rooms'])
    colours.choose('patch-depth:rooms')
    await expect.poll(() => colours.colouring).toMatchObject({ kind: 'number', per: 'point', values: Float32Array.of(2, NaN), low: 2, high: 2 })
    expect([colours.source?.unit, asked]).toEqual(['m', [{ libraryId: useLibraryStore().library?.libraryId, mapId: 'cloud', headId: 'rooms' }]])
    expect(useNoticesStore().notices.map(({ text }) => text)).toEqual(['The depth of 1 picture could not be measured; land/c.jpg: half of it is missing'])
  })

  it('tells how far it is, and goes back to what was shown when it is stopped', async () => {
    const held = deferred<PatchDepths>()
    const colours = await openCloud({
      'depth.map': (_request, { signal, emit }: JobContext<HeadEvent>) => {
        emit({ kind: 'progress', title: 'Measuring depth of patches', done: 1, total: 4, value: 0.25, ratePerSecond: undefined, etaMs: undefined })
        signal.addEventListener('abort', () => { held.reject(signal.reason) })
        return held.promise
      },
    })
    const before = colours.colouring
    colours.choose('patch-depth:rooms')
    await expect.poll(() => colours.progress?.value).toBe(0.25)
    expect(useJobsStore().running.map(({ title }) => title)).toEqual(['Measuring depth of patches'])
    colours.stop()
    await expect.poll(() => [colours.sourceId, colours.waiting]).toEqual(['place', false])
    expect([colours.colouring, colours.problem, useJobsStore().running]).toEqual([before, undefined, []])
  })

  it('ends when another colour is chosen meanwhile', async () => {
    const held = deferred<PatchDepths>()
    let aborted = false
    const colours = await openCloud({
      'depth.map': (_request, { signal }: JobContext<HeadEvent>) => {
        signal.addEventListener('abort', () => {
          aborted = true
          held.reject(signal.reason)
        })
        return held.promise
      },
    })
    colours.choose('patch-depth:rooms')
    await expect.poll(() => useJobsStore().running.length).toBe(1)
    colours.choose('picture')
    await expect.poll(() => aborted).toBe(true)
    await expect.poll(() => colours.colouring.kind).toBe('category')
    expect([colours.sourceId, colours.problem]).toEqual(['picture', undefined])
  })

  it('says where a head can be had when none fits, and what to do when nothing is measured', async () => {
    const colours = await openCloud({ 'heads.list': () => Promise.resolve([]) })
    expect(labels(colours)).toEqual(['depth'])
    colours.choose('depth')
    await expect.poll(() => colours.source?.remedy?.path).toBe('/models')
    expect(colours.colouring).toEqual({ kind: 'plain' })
  })
})
