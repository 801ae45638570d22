/** @file Embedding: a job with progress that ends with files, a reason, or a cancellation. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useEmbedStore } from '../../../src/renderer/stores/embed'
import { useJobsStore } from '../../../src/renderer/stores/jobs'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { fakePicture, progressOf } from '../fake-engine'
import { startPage } from '../page'

const request = { libraryId: 'l', modelId: 'demo', pooling: 'cls+mean', format: 'npy' } as const
const folder = { name: 'trip', path: '/photos/trip' }

describe('useEmbedStore', () => {
  it('ends with the files and lists what was left out', async () => {
    startPage({ pictures: [fakePicture('a.jpg'), fakePicture('b.jpg', { broken: 'cut off' })] })
    const embed = useEmbedStore()
    embed.dialogOpen = true
    await embed.start(request, folder)
    expect(embed.state).toMatchObject({
      phase: 'finished',
      result: { images: 1, dim: 384, files: [{ name: 'embeddings.npy' }, { name: 'embeddings.json' }], skipped: [{ relativePath: 'b.jpg', reason: 'cut off' }] },
    })
    expect(useNoticesStore().notices).toEqual([])
  })

  it('tells the end in a notice when its dialog was closed', async () => {
    startPage({ pictures: [fakePicture('a.jpg')] })
    await useEmbedStore().start(request, folder)
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'done', text: 'The vectors of 1 image are ready under Embed.' }])
  })

  it('says of which folder the vectors are when another one is open by then', async () => {
    startPage({ pictures: [fakePicture('a.jpg')] })
    const embed = useEmbedStore()
    const ended = embed.start(request, folder)
    await useLibraryStore().open('/photos/other')
    await ended
    expect([embed.state.phase, 'folder' in embed.state && embed.state.folder]).toEqual(['finished', folder])
  })

  it('shows the reason of a failure', async () => {
    startPage({ handlers: { 'embed.run': () => Promise.reject(new EngineError('DISK', 'no space is left')) } })
    const embed = useEmbedStore()
    await embed.start(request, folder)
    expect(embed.state).toEqual({ phase: 'failed', folder, problem: { code: 'DISK', message: 'no space is left', lists: [] } })
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'problem', text: 'Embedding failed: no space is left' }])
    embed.dismiss()
    expect(embed.state).toEqual({ phase: 'idle' })
  })

  it('reports progress to the status bar and stops from there', async () => {
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
    expect([embed.state, jobs.running, useNoticesStore().notices]).toEqual([{ phase: 'idle' }, [], []])
  })
})
