/** @file The stage: analyses follow the picture, model and size; maps follow the clicks; what is stale is dropped. */
import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { EngineError, type AnalyseRequest } from '../../../src/engine/contract'
import { useClient } from '../../../src/renderer/services/client'
import { useInspectorStore } from '../../../src/renderer/stores/inspector'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { fakeModel, fakePicture, type FakeEngineOptions } from '../fake-engine'
import { startPage } from '../page'

const pictures = [fakePicture('a.jpg'), fakePicture('b.jpg'), fakePicture('c.jpg', { broken: 'half of it is missing' })]

async function openPage(options: FakeEngineOptions = {}) {
  startPage({ pictures, models: [fakeModel(), fakeModel({ id: 'other', heads: 6 })], ...options })
  await useModelsStore().load()
  await useLibraryStore().open('/photos')
  return useInspectorStore()
}

/** The state once it is ready. */
const readyOf = (inspector: ReturnType<typeof useInspectorStore>) => {
  if (inspector.state.phase !== 'ready') throw new Error(`the inspector is ${inspector.state.phase}`)
  return inspector.state
}

describe('useInspectorStore', () => {
  it('shows the attention of CLS in the last layer first', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    const { analysis, attention } = readyOf(inspector)
    expect([analysis.imageId, attention?.layer, attention?.query, inspector.position, inspector.field?.kind]).toEqual(['id-a.jpg', 11, 'cls', 0, 'scalar'])
  })

  it('asks for the layer and the patch that were chosen', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    const before = inspector.field
    inspector.change({ layer: 3 })
    inspector.pickPatch(7)
    await vi.waitFor(() => {
      expect(readyOf(inspector).attention).toMatchObject({ layer: 3, query: 7 })
    })
    expect(inspector.field).not.toEqual(before)
  })

  it('compares patches once they are brushed, each once, and forgets them with the picture', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    for (const patch of [5, 6, 5, 7]) inspector.brushPatch(patch)
    expect(inspector.view).toMatchObject({ mode: 'similarity', region: [5, 6, 7] })
    await inspector.show('id-b.jpg')
    expect(inspector.view.region).toEqual([])
  })

  it('looks again when the file has become another picture, and only then', async () => {
    const { host } = startPage({ pictures, models: [fakeModel()] })
    await useModelsStore().load()
    const library = useLibraryStore()
    library.follow()
    await library.open('/photos')
    const inspector = useInspectorStore()
    await inspector.show('id-a.jpg')
    const before = readyOf(inspector).analysis.analysisId
    host.push('library.changed', { libraryId: 'library of /photos', events: [{ kind: 'changed', ids: ['id-b.jpg'] }] })
    await vi.waitFor(() => {
      expect(library.revisionOf('id-b.jpg')).toBe(1)
    })
    expect(readyOf(inspector).analysis.analysisId).toBe(before)
    host.push('library.changed', { libraryId: 'library of /photos', events: [{ kind: 'changed', ids: ['id-a.jpg'] }] })
    await vi.waitFor(() => {
      expect(readyOf(inspector).analysis.analysisId).not.toBe(before)
    })
  })

  it('returns to CLS of the last layer without asking again', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    const { attention } = readyOf(inspector)
    inspector.pickPatch(7)
    inspector.change({ query: 'cls' })
    expect(readyOf(inspector).attention).toBe(attention)
  })

  it('compares the patch that draws most attention until another is clicked', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    inspector.change({ mode: 'similarity' })
    const proposed = inspector.view.patch
    await vi.waitFor(() => {
      expect(readyOf(inspector).similarity?.patch).toBe(proposed)
    })
    inspector.pickPatch(0)
    inspector.movePatch(1, 0)
    await vi.waitFor(() => {
      expect(readyOf(inspector).similarity?.patch).toBe(1)
    })
  })

  it('starts the query where similarity would when the keys first move it', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    const start = inspector.view.patch
    inspector.movePatch(1, 0)
    expect(inspector.view.query).toBe(start)
    inspector.movePatch(1, 0)
    expect(inspector.view.query).toBe((start ?? 0) + 1)
  })

  it('says what is wrong with a broken file without asking the model', async () => {
    const analyse = vi.fn()
    const inspector = await openPage({ handlers: { 'view.analyse': analyse } })
    await inspector.show('id-c.jpg')
    expect(inspector.state).toMatchObject({ phase: 'failed', problem: { code: 'IMG_TRUNCATED', message: 'half of it is missing' } })
    expect(analyse).not.toHaveBeenCalled()
  })

  it('shows why an analysis failed and can try again', async () => {
    let failures = 0
    const inspector = await openPage({ handlers: { 'view.analyse': () => Promise.reject(new EngineError('RUNTIME', `out of memory, ${++failures}`)) } })
    await inspector.show('id-a.jpg')
    expect(inspector.state).toMatchObject({ phase: 'failed', problem: { code: 'RUNTIME', message: 'out of memory, 1' } })
    await inspector.analyse()
    expect(inspector.state).toMatchObject({ problem: { message: 'out of memory, 2' } })
  })

  it('keeps only the last of several pictures in quick succession', async () => {
    const asked: string[] = []
    const inspector = await openPage({
      handlers: {
        'view.analyse': ({ imageId }, { signal }) => {
          asked.push(imageId)
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          })
        },
      },
    })
    void inspector.show('id-a.jpg')
    void inspector.show('id-b.jpg')
    void inspector.show('id-a.jpg')
    void inspector.show('id-b.jpg')
    await vi.waitFor(() => {
      expect(asked).toEqual(['id-a.jpg', 'id-b.jpg'])
    })
    expect(inspector.state).toMatchObject({ phase: 'analysing', request: { imageId: 'id-b.jpg' } })
    inspector.leave()
    expect(inspector.state).toEqual({ phase: 'idle' })
  })

  it('analyses again with another model or size', async () => {
    const inspector = await openPage()
    await inspector.show('id-a.jpg')
    inspector.change({ head: 2 })
    useModelsStore().choose('other')
    await vi.waitFor(() => {
      expect(readyOf(inspector).analysis).toMatchObject({ modelId: 'other', heads: 6 })
    })
    expect(inspector.view.head).toBe(2)
    const { gridWidth } = readyOf(inspector).analysis
    useSettingsStore().update({ analysisSize: 224 })
    await vi.waitFor(() => {
      expect(readyOf(inspector).analysis.gridWidth).toBeLessThan(gridWidth)
    })
  })

  it('looks in tiles at the picture for which it is asked, and at no other', async () => {
    const asked: AnalyseRequest[] = []
    const inspector = await openPage({
      handlers: {
        'view.analyse': (request, { signal }) => {
          asked.push(request)
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          })
        },
      },
    })
    const isAsked = (request: Partial<AnalyseRequest>) => vi.waitFor(() => {
      expect(asked.at(-1)).toMatchObject(request)
    })
    void inspector.show('id-a.jpg')
    await isAsked({ imageId: 'id-a.jpg', size: 448 })
    inspector.lookInTiles(true)
    await isAsked({ imageId: 'id-a.jpg', size: 'native', tiled: true })
    expect(inspector.tiled).toBe(true)
    void inspector.show('id-b.jpg')
    await isAsked({ imageId: 'id-b.jpg', size: 448 })
    expect(inspector.tiled).toBe(false)
    inspector.lookInTiles(true)
    await isAsked({ imageId: 'id-b.jpg', tiled: true })
    useSettingsStore().update({ analysisSize: 224 })
    await isAsked({ imageId: 'id-b.jpg', size: 224 })
    expect(inspector.tiled).toBe(false)
    expect(asked.filter(({ tiled }) => tiled)).toHaveLength(2)
  })

  it('shows nothing of a removed model when another one has come under its id', async () => {
    let models = [fakeModel(), fakeModel({ id: 'other', heads: 6 })]
    const inspector = await openPage({
      handlers: {
        'models.list': () => Promise.resolve(models),
        'models.remove': ({ modelId }) => {
          models = models.filter(({ id }) => id !== modelId)
          return Promise.resolve(undefined)
        },
      },
    })
    const store = useModelsStore()
    store.choose('other')
    await nextTick()
    await inspector.show('id-a.jpg')
    const { analysisId } = readyOf(inspector).analysis
    await store.remove('other')
    await vi.waitFor(() => {
      expect(readyOf(inspector).analysis.modelId).toBe('demo')
    })
    models = [...models, fakeModel({ id: 'other', heads: 12 })]
    await store.load()
    store.choose('other')
    await vi.waitFor(() => {
      expect(readyOf(inspector).analysis.modelId).toBe('other')
    })
    expect(readyOf(inspector).analysis.analysisId).not.toBe(analysisId)
  })

  it('goes on with the analysis that runs when the list of models changes', async () => {
    let asked = 0
    const inspector = await openPage({
      handlers: {
        'view.analyse': (_request, { signal }) =>
          new Promise((_resolve, reject) => {
            asked += 1
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          }),
      },
    })
    void inspector.show('id-a.jpg')
    await useModelsStore().load()
    await vi.waitFor(() => {
      expect(asked).toBe(2)
    })
    expect(inspector.state.phase).toBe('analysing')
    inspector.leave()
  })

  it('analyses the picture once more when the engine has let go of it', async () => {
    let known = 0
    const inspector = await openPage({
      handlers: {
        'view.attention': ({ analysisId, layer, query }) =>
          known++ === 0
            ? Promise.reject(new EngineError('NOT_FOUND', `there is no analysis ${analysisId}`))
            : Promise.resolve({ layer, query, heads: 3, weights: new Float32Array(3 * 43 * 32).fill(0.5), patchShare: new Float32Array(3) }),
      },
    })
    await inspector.show('id-a.jpg')
    const first = readyOf(inspector).analysis.analysisId
    inspector.change({ layer: 2 })
    await vi.waitFor(() => {
      expect(readyOf(inspector).attention?.layer).toBe(2)
    })
    expect(readyOf(inspector).analysis.analysisId).not.toBe(first)
  })

  it('shows why a map could not be had, once asking again has not helped', async () => {
    const inspector = await openPage({ handlers: { 'view.attention': () => Promise.reject(new EngineError('NOT_FOUND', 'gone')) } })
    await inspector.show('id-a.jpg')
    inspector.change({ layer: 2 })
    await vi.waitFor(() => {
      expect(inspector.state).toMatchObject({ phase: 'ready', detailProblem: { code: 'NOT_FOUND', message: 'gone' } })
    })
  })

  it('knows the neighbours in the order of the library', async () => {
    const inspector = await openPage()
    await inspector.show('id-b.jpg')
    expect([inspector.step(-1)?.name, inspector.step(1)?.name, inspector.step(2)?.name]).toEqual(['a.jpg', 'c.jpg', undefined])
  })

  it('prepares the next picture in the direction one moves, unless it is broken', async () => {
    const inspector = await openPage()
    const analyse = vi.spyOn(useClient(), 'view.analyse')
    const asked = () => analyse.mock.calls.map(([request]) => request.imageId)
    await inspector.show('id-a.jpg')
    expect(asked()).toEqual(['id-a.jpg', 'id-b.jpg'])
    await inspector.show('id-b.jpg')
    expect(readyOf(inspector).analysis.imageId).toBe('id-b.jpg')
    expect(asked()).toEqual(['id-a.jpg', 'id-b.jpg'])
  })
})
