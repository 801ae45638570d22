/** @file Opening a folder: images arrive, trouble is told, another folder takes its place. */
import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { EngineError, type LibraryEvent } from '../../../src/engine/contract'
import { useJobsStore } from '../../../src/renderer/stores/jobs'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { fakePicture } from '../fake-engine'
import { deferred, startPage } from '../page'

const pictures = [
  fakePicture('b10.jpg', { sizeBytes: 3 }),
  fakePicture('b9.jpg', { sizeBytes: 1, broken: 'half of it is missing' }),
  fakePicture('deep/a.jpg', { sizeBytes: 2 }),
]
const shown = (library: ReturnType<typeof useLibraryStore>): (string | undefined)[] =>
  Array.from(library.order.keys(), (position) => library.entryAt(position)?.relativePath)

describe('useLibraryStore', () => {
  it('opens a folder and shows its images in order', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    await library.open('/photos/trip')
    expect(library.state).toEqual({
      phase: 'open',
      complete: true,
      offline: false,
      library: { path: '/photos/trip', libraryId: 'library of /photos/trip', name: 'trip', counts: { images: 3, broken: 1, skipped: 0, gone: 0 } },
    })
    expect(shown(library)).toEqual(['deep/a.jpg', 'b9.jpg', 'b10.jpg'])
    expect(library.problems).toEqual([{ id: 'id-b9.jpg', relativePath: 'b9.jpg', code: 'IMG_TRUNCATED', reason: 'half of it is missing' }])
    expect([library.sizeOf('id-b10.jpg'), library.sizeOf('id-b9.jpg'), library.hasFolders]).toEqual([
      { id: 'id-b10.jpg', width: 640, height: 480 }, undefined, true,
    ])
  })

  it('remembers the folder for the next visit', async () => {
    startPage({ pictures })
    await useLibraryStore().open('/photos/trip')
    expect(useSettingsStore().values).toMatchObject({ lastFolder: '/photos/trip', recentFolders: ['/photos/trip'] })
  })

  it('follows filter, sort and grouping', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    const settings = useSettingsStore()
    await library.open('/photos')
    settings.update({ sortBy: 'size', sortDescending: true })
    await nextTick()
    expect(shown(library)).toEqual(['b10.jpg', 'deep/a.jpg', 'b9.jpg'])
    library.filter = 'b'
    await nextTick()
    expect(shown(library)).toEqual(['b10.jpg', 'b9.jpg'])
    expect([library.positionOf('id-b9.jpg'), library.positionOf('id-deep/a.jpg'), library.positionOf('nobody')]).toEqual([1, -1, -1])
    library.filter = ''
    settings.update({ groupByFolder: true })
    await nextTick()
    expect(shown(library)).toEqual(['b10.jpg', 'b9.jpg', 'deep/a.jpg'])
  })

  it('says why a folder cannot be opened and forgets it', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    await library.open('/missing')
    expect(library.state).toEqual({
      phase: 'failed', path: '/missing', library: undefined, problem: { code: 'SOURCE_UNAVAILABLE', message: '/missing: the folder does not exist', lists: [] },
    })
    expect(useSettingsStore().values.lastFolder).toBeUndefined()
  })

  it('keeps what had been found when the folder goes away half way', async () => {
    startPage({
      handlers: {
        'library.open': (_argument, { emit }) => {
          emit({ kind: 'opened', libraryId: 'l', name: 'trip' })
          emit({ kind: 'found', images: [{ id: 'i', name: 'i.jpg', relativePath: 'i.jpg', sizeBytes: 1, modifiedMs: 1 }] })
          return Promise.reject(new EngineError('SOURCE_UNAVAILABLE', '/trip: the volume was unmounted'))
        },
      },
    })
    const library = useLibraryStore()
    await library.open('/trip')
    expect(library.state).toMatchObject({ phase: 'failed', problem: { code: 'SOURCE_UNAVAILABLE' }, library: { counts: { images: 1 } } })
    expect(shown(library)).toEqual(['i.jpg'])
  })

  it('stops on request, keeps what was found and says that it is not all', async () => {
    startPage({
      pictures,
      handlers: {
        'library.open': (_argument, { emit, signal }) => {
          emit({ kind: 'opened', libraryId: 'l', name: 'trip' })
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          })
        },
      },
    })
    const library = useLibraryStore()
    const opened = library.open('/trip')
    await vi.waitFor(() => {
      expect(library.state.phase).toBe('scanning')
    })
    expect(useJobsStore().running.map(({ title }) => title)).toEqual(['Opening folder'])
    await library.stop()
    await opened
    expect(library.state).toMatchObject({ phase: 'open', complete: false })
    expect(useJobsStore().running).toEqual([])
  })

  it('drops events of a folder that another one has replaced', async () => {
    const first = deferred<(event: LibraryEvent) => void>()
    const closed: string[] = []
    startPage({
      handlers: {
        'library.open': ({ path }, { emit, signal }) => {
          emit({ kind: 'opened', libraryId: path, name: path })
          if (path === '/second') return Promise.resolve({ libraryId: path, images: 0, broken: 0, skipped: 0, gone: 0, offline: false })
          first.resolve(emit)
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              emit({ kind: 'found', images: [{ id: 'late', name: 'late', relativePath: 'late', sizeBytes: 1, modifiedMs: 1 }] })
              reject(new EngineError('CANCELLED', ''))
            })
          })
        },
        'library.close': ({ libraryId }) => {
          closed.push(libraryId)
          return Promise.resolve(undefined)
        },
      },
    })
    const library = useLibraryStore()
    const replaced = library.open('/first')
    await first.promise
    await vi.waitFor(() => {
      expect(library.state.phase).toBe('scanning')
    })
    await library.open('/second')
    await replaced
    expect(library.library?.libraryId).toBe('/second')
    expect(shown(library)).toEqual([])
    expect(closed).toEqual(['/first'])
  })

  /** A page with `/old` open, whose leaving lasts until `release`. */
  const openOld = async () => {
    const opened: string[] = []
    const closing = deferred<undefined>()
    startPage({
      handlers: {
        'library.open': ({ path }, { emit }) => {
          opened.push(path)
          emit({ kind: 'opened', libraryId: path, name: path })
          return Promise.resolve({ libraryId: path, images: 0, broken: 0, skipped: 0, gone: 0, offline: false })
        },
        'library.close': () => closing.promise,
      },
    })
    const library = useLibraryStore()
    await library.open('/old')
    const release = (): void => {
      closing.resolve(undefined)
    }
    return { library, opened, release }
  }

  it('opens the last of two folders chosen quickly, and never scans the other', async () => {
    const { library, opened, release } = await openOld()
    const first = library.open('/first')
    await library.open('/second')
    release()
    await first
    expect([library.library?.path, opened, useSettingsStore().values.lastFolder]).toEqual(['/second', ['/old', '/second'], '/second'])
    expect(useJobsStore().running).toEqual([])
  })

  it('stays closed when it is closed before the next folder is scanned', async () => {
    const { library, opened, release } = await openOld()
    const first = library.open('/first')
    await library.close()
    release()
    await first
    expect([library.state, opened]).toEqual([{ phase: 'empty' }, ['/old']])
  })

  it('opens no samples when a folder was chosen while they were looked for', async () => {
    const samples = deferred<{ path: string }>()
    startPage({ pictures, handlers: { 'library.samples': () => samples.promise } })
    const library = useLibraryStore()
    const looked = library.openSamples()
    await library.open('/photos')
    samples.resolve({ path: '/samples' })
    await looked
    expect(library.library?.path).toBe('/photos')
  })

  it('opens the samples where the engine says they are', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    await library.openSamples()
    expect(library.library?.path).toBe('/opt/dinoscope/samples')
  })

  it('says why there are no samples', async () => {
    startPage({ handlers: { 'library.samples': () => Promise.reject(new EngineError('NOT_FOUND', 'the samples are not installed')) } })
    const library = useLibraryStore()
    await library.openSamples()
    expect(library.state).toMatchObject({ phase: 'failed', problem: { code: 'NOT_FOUND', message: 'the samples are not installed' } })
  })

  it('closes', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    await library.open('/photos')
    library.activeId = 'id-b9.jpg'
    await library.close()
    expect([library.state, shown(library), library.activeId, useSettingsStore().values.lastFolder]).toEqual([{ phase: 'empty' }, [], undefined, undefined])
  })

  it('shows what filters keep, each under its own name', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    await library.open('/photos')
    library.addFilter({ id: 'x', kind: 'cluster', label: 'odd', keeps: (row) => row % 2 === 1 })
    expect([shown(library), library.isNarrowed]).toEqual([['b9.jpg'], true])
    library.addFilter({ id: 'x', kind: 'cluster', label: 'even', keeps: (row) => row % 2 === 0 })
    expect([shown(library), library.filters.map(({ label }) => label)]).toEqual([['deep/a.jpg', 'b10.jpg'], ['even']])
    library.removeFilter('x')
    expect([shown(library).length, library.isNarrowed]).toEqual([3, false])
  })

  it('shows a ranking in its own order and knows places and scores in it', async () => {
    startPage({ pictures })
    const library = useLibraryStore()
    await library.open('/photos')
    library.ranking = { rows: Uint32Array.of(0, 2), scores: Float32Array.of(0.75, 0.5) }
    expect([shown(library), library.scoreOfRow(2), library.scoreOfRow(1), library.positionOfRow(2), library.positionOfRow(1), library.rowAt(1)]).toEqual([
      ['b10.jpg', 'deep/a.jpg'], 0.5, undefined, 1, -1, 2,
    ])
    await library.open('/other')
    expect([library.ranking, shown(library).length]).toEqual([undefined, 3])
  })

  it('follows what happens in the folder, and not in another', async () => {
    const { host } = startPage({ pictures })
    const library = useLibraryStore()
    library.follow()
    await library.open('/photos')
    const events: LibraryEvent[] = [
      { kind: 'gone', ids: ['id-b10.jpg'] },
      { kind: 'changed', ids: ['id-b9.jpg'] },
      { kind: 'found', images: [{ id: 'new', name: 'c.jpg', relativePath: 'c.jpg', sizeBytes: 1, modifiedMs: 1 }] },
    ]
    host.push('library.changed', { libraryId: 'library of /elsewhere', events })
    host.push('library.changed', { libraryId: 'library of /photos', events })
    await vi.waitFor(() => {
      expect(library.library?.counts).toEqual({ images: 4, broken: 0, skipped: 0, gone: 1 })
    })
    expect([library.isGone('id-b10.jpg'), library.revisionOf('id-b9.jpg'), library.problemOfImage('id-b9.jpg'), library.rowOf('new')]).toEqual([true, 1, undefined, 3])
  })

  it('says that a folder cannot be reached and what was known of it is shown', async () => {
    startPage({
      handlers: {
        'library.open': (_argument, { emit }) => {
          emit({ kind: 'opened', libraryId: 'l', name: 'usb' })
          emit({ kind: 'found', images: [{ id: 'i', name: 'i.jpg', relativePath: 'i.jpg', sizeBytes: 1, modifiedMs: 1 }] })
          emit({ kind: 'gone', ids: ['i'] })
          return Promise.resolve({ libraryId: 'l', images: 1, broken: 0, skipped: 0, gone: 1, offline: true })
        },
      },
    })
    const library = useLibraryStore()
    await library.open('/usb')
    expect([library.state, shown(library)]).toMatchObject([{ phase: 'open', offline: true, library: { counts: { images: 1, gone: 1 } } }, ['i.jpg']])
  })
})
