/** @file A search becomes the order of the grid, and leaves it as it was. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type SearchRequest } from '../../../src/engine/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useSearchStore } from '../../../src/renderer/stores/search'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { fakePicture, type FakeEngineOptions } from '../fake-engine'
import { startPage } from '../page'

const pictures = ['dog 1', 'cat 1', 'cat 2', 'sea 1', 'cat 3'].map((name) => fakePicture(name, { id: name }))

const openPage = async (options: FakeEngineOptions = {}) => {
  startPage({ pictures, embedded: ['demo'], ...options })
  const library = useLibraryStore()
  await useModelsStore().load()
  await library.open('/photos')
  const shown = (): (string | undefined)[] => Array.from(library.order, (_, position) => library.entryAt(position)?.name)
  return { library, search: useSearchStore(), shown }
}

describe('useSearchStore', () => {
  it('shows the pictures like one, best first, with their scores', async () => {
    const { library, search, shown } = await openPage()
    await search.similarTo([library.rowOf('cat 2')])
    expect(search.state).toMatchObject({ phase: 'shown', found: { method: 'exact', searched: 5, images: 5, ms: 12 } })
    expect(shown().slice(0, 3).sort()).toEqual(['cat 1', 'cat 2', 'cat 3'])
    expect([shown()[0], library.scoreOfRow(2)?.toFixed(4), library.scoreOfRow(99)]).toEqual(['cat 2', '1.0000', undefined])
  })

  it('keeps filters while a search is shown, and the sorted order comes back after it', async () => {
    const { library, search, shown } = await openPage()
    library.filter = 'cat'
    await search.similarTo([3])
    expect(shown().every((name) => name?.startsWith('cat'))).toBe(true)
    library.filter = ''
    search.leave()
    expect([shown(), search.state.phase, library.scoreOfRow(2)]).toEqual([['cat 1', 'cat 2', 'cat 3', 'dog 1', 'sea 1'], 'idle', undefined])
  })

  it('searches again by examples marked as more or less like it', async () => {
    const asked: SearchRequest[] = []
    const { search } = await openPage({
      handlers: {
        'search.images': (request) => {
          asked.push(request)
          return Promise.resolve({ rows: Uint32Array.of(0), scores: Float32Array.of(0.5), method: 'exact', searched: 5, images: 5, ms: 1 })
        },
      },
    })
    await search.similarTo([1])
    search.mark(2, 1)
    search.mark(3, -1)
    expect([search.isEdited, search.canSearch, search.signOf(2), search.signOf(3), search.signOf(0)]).toEqual([true, true, 1, -1, undefined])
    await search.again()
    expect(search.isEdited).toBe(false)
    expect(asked.map(({ examples }) => examples)).toEqual([
      [{ kind: 'row', row: 1, sign: 1 }],
      [{ kind: 'row', row: 1, sign: 1 }, { kind: 'row', row: 2, sign: 1 }, { kind: 'row', row: 3, sign: -1 }],
    ])
  })

  it('searches by a file that is not of the folder', async () => {
    const { search, shown } = await openPage()
    await search.similarToFile(new File([new Uint8Array(3)], 'cat 9'))
    expect(search.query).toMatchObject({ kind: 'images', examples: [{ kind: 'upload', name: 'cat 9', uploadId: 'upload 1' }] })
    expect(shown()[0]).toMatch(/^cat/)
  })

  it('says that nothing is embedded, embeds, and then answers', async () => {
    const { search, shown } = await openPage({ embedded: [] })
    await search.similarTo([1])
    expect([search.state.phase, shown().length]).toEqual(['lacking', 5])
    await search.embedFirst()
    expect([search.state.phase, shown()[0]]).toEqual(['shown', 'cat 1'])
  })

  it('shows why a search failed, in the order there was before', async () => {
    const { library, search, shown } = await openPage({ handlers: { 'search.images': () => Promise.reject(new EngineError('NOT_FOUND', 'cat 2 has no vector yet')) } })
    await search.similarTo([2])
    expect(search.state).toMatchObject({ phase: 'failed', problem: { code: 'NOT_FOUND', message: 'cat 2 has no vector yet' } })
    expect([shown()[0], library.ranking]).toEqual(['cat 1', undefined])
  })

  it('finds patches, and shows them in the grid', async () => {
    const { library, search } = await openPage()
    await search.search({ kind: 'patches', analysisId: 'a', imageId: 'cat 1', name: 'cat 1', pictureUrl: '', patches: [7, 8] })
    expect([search.state.phase, library.ranking?.rows]).toEqual(['shown', search.state.phase === 'shown' ? search.state.found.rows : undefined])
    const best = library.rowAt(0)
    expect(search.hitOf(best)).toMatchObject({ row: best, gridHeight: 16, gridWidth: 16 })
    expect(library.scoreOfRow(best)).toBeCloseTo(search.hitOf(best)?.score ?? 0, 6)
  })

  it('asks anew by other vectors, and leaves with the folder', async () => {
    const poolings: string[] = []
    const { library, search } = await openPage({
      handlers: {
        'search.images': ({ pooling }) => {
          poolings.push(pooling)
          return Promise.resolve({ rows: Uint32Array.of(0), scores: Float32Array.of(0.5), method: 'exact', searched: 5, images: 5, ms: 1 })
        },
      },
    })
    await search.similarTo([1])
    useSettingsStore().update({ searchPooling: 'mean' })
    await vi.waitFor(() => {
      expect(poolings).toEqual(['cls', 'mean'])
    })
    await library.open('/other')
    expect([search.state.phase, search.examples, library.ranking]).toEqual(['idle', [], undefined])
  })
})
