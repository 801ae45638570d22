/** @file Embedding and exporting: jobs with progress that end with vectors, files, a reason, or a stop that can be gone on from. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useEmbedStore } from '../../../src/renderer/stores/embed'
import { useEmbedStatusStore } from '../../../src/renderer/stores/embed-status'
import { useJobsStore } from '../../../src/renderer/stores/jobs'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { fakePicture, progressOf } from '../fake-engine'
import { startPage } from '../page'

const folder = { name: 'trip', path: '/photos/trip' }
const request = { libraryId: 'library of /photos/trip', rows: undefined, modelId: 'demo', patches: true } as const
const exportRequest = { libraryId: request.libraryId, rows: undefined, modelId: 'demo', pooling: 'cls+mean', format: 'npy', raw: false } as const
const pictures = [fakePicture('a.jpg'), fakePicture('b.jpg', { broken: 'cut off' }), fakePicture('c.jpg')]

describe('useEmbedStore', () => {
  it('embeds what is missing, then tells how much there is and how fast it went', async () => {
    startPage({ pictures })
    await useModelsStore().load()
    await useLibraryStore().open('/photos/trip')
    const embed = useEmbedStore()
    const status = useEmbedStatusStore()
    embed.dialogOpen = true
    expect(await embed.start(request, folder)).toBe(true)
    expect(embed.state).toMatchObject({ phase: 'finished', folder, result: { embedded: 2, already: 0, skipped: [{ relativePath: 'b.jpg', reason: 'cut off' }] } })
    expect([status.readable, status.counts, status.missing, status.missingPatches, status.imagesPerSecond]).toEqual([2, { images: 2, withPatches: 2 }, 0, 0, 26.1])
    expect(useNoticesStore().notices).toEqual([])
    await embed.start(request, folder)
    expect(embed.state).toMatchObject({ phase: 'finished', result: { embedded: 0, already: 2 } })
  })

  it('tells the end in a notice when its dialog was closed', async () => {
    startPage({ pictures })
    await useEmbedStore().start(request, folder)
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'done', text: '2 images of trip can be searched now.' }])
  })

  it('says of which folder the vectors are when another one is open by then', async () => {
    startPage({ pictures })
    const embed = useEmbedStore()
    const ended = embed.start(request, folder)
    await useLibraryStore().open('/photos/other')
    await ended
    expect([embed.state.phase, 'folder' in embed.state && embed.state.folder]).toEqual(['finished', folder])
  })

  it('shows the reason of a failure', async () => {
    startPage({ handlers: { 'embed.run': () => Promise.reject(new EngineError('DISK', 'no space is left')) } })
    const embed = useEmbedStore()
    expect(await embed.start(request, folder)).toBe(false)
    expect(embed.state).toEqual({ phase: 'failed', folder, problem: { code: 'DISK', message: 'no space is left', lists: [] } })
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'problem', text: 'Embedding failed: no space is left' }])
    embed.dismiss()
    expect(embed.state).toEqual({ phase: 'idle' })
  })

  it('reports progress to the status bar, pauses from there and can go on', async () => {
    startPage({
      handlers: {
        'embed.run': (_argument, { emit, signal }) => {
          emit(progressOf('Embedding', 1, 4, 2))
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          })
        },
      },
    })
    const embed = useEmbedStore()
    const jobs = useJobsStore()
    const ended = embed.start(request, folder)
    await vi.waitFor(() => {
      expect(jobs.running).toMatchObject([{ title: 'Embedding folder', progress: { done: 1, total: 4 }, stopping: false }])
    })
    const [job] = jobs.running
    if (job !== undefined) await jobs.cancel(job.id)
    await ended
    expect([embed.state, jobs.running, useNoticesStore().notices]).toEqual([{ phase: 'stopped', folder }, [], []])
    void embed.start(request, folder)
    expect(embed.state).toMatchObject({ phase: 'running', stopping: false })
  })

  it('exports vectors as files', async () => {
    startPage({ pictures, embedded: ['demo'] })
    const embed = useEmbedStore()
    await embed.exportVectors(exportRequest, folder)
    expect(embed.exportState).toMatchObject({ phase: 'finished', result: { images: 2, dim: 384, files: [{ name: 'embeddings.npy' }, { name: 'embeddings.npy.json' }] } })
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'done', text: 'The vectors of 2 images are ready under Embed.' }])
  })
})
