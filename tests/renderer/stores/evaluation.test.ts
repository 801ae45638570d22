/** @file Evaluation over a fake engine: what is asked, scores as they come, a stop, failures, export and removal. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type EvaluateEvent, type EvaluateRequest, type EvaluationInfo, type JobContext } from '../../../src/engine/contract'
import { useEvaluationStore } from '../../../src/renderer/stores/evaluation'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { fakeEvaluation } from '../fake-evaluation'
import { fakeModel } from '../fake-engine'
import { startPage } from '../page'

const models = [fakeModel(), fakeModel({ id: 'other', name: 'Other' })]

/** An engine that keeps what it scores. */
function startEvaluation(work: (context: JobContext<EvaluateEvent>, keep: (one: EvaluationInfo) => void) => Promise<void>) {
  let kept: readonly EvaluationInfo[] = []
  const asked: EvaluateRequest[] = []
  const exported = vi.fn(() => Promise.resolve({ exportId: 'e', files: [{ name: 'evaluations.csv', sizeBytes: 9 }] }))
  startPage({
    models,
    handlers: {
      'evaluate.run': async (request, context) => {
        asked.push(request)
        await work(context, (one) => {
          kept = [one, ...kept]
          context.emit({ kind: 'scored', evaluation: one })
        })
        return { evaluations: kept, skipped: [], failures: [] }
      },
      'evaluate.list': () => Promise.resolve({ evaluations: kept, unreadable: [{ file: '/w/evaluations/x.json', reason: 'half' }] }),
      'evaluate.remove': ({ evaluationIds }) => {
        kept = kept.filter(({ evaluationId }) => !evaluationIds.includes(evaluationId))
        return Promise.resolve(undefined)
      },
      'evaluate.export': exported,
    },
  })
  return { asked, exported, store: useEvaluationStore() }
}

describe('useEvaluationStore', () => {
  it('asks for every model unless it is taken out, and shows scores as they come', async () => {
    const seen: number[] = []
    const { asked, store } = startEvaluation(async ({ emit }, keep) => {
      keep(fakeEvaluation('demo', 'knn', 0.5, 0.1))
      emit({ kind: 'skipped', problem: { relativePath: 'a.jpg', code: 'IMG_CORRUPT', reason: 'broken' } })
      emit({ kind: 'failed', failure: { name: 'Other', protocol: 'linear', reason: 'one class' } })
      await vi.waitFor(() => { expect(store.groups).toHaveLength(1) })
      seen.push(store.groups[0]!.rows.length)
    })
    await useModelsStore().load()
    expect(store.isReady).toBe(false)
    await store.run()
    expect(asked).toEqual([])
    store.folder = ' /photos/pets '
    store.toggleModel('other')
    store.toggleProtocol('retrieval')
    store.perClass = 100
    await store.run()
    expect(asked).toEqual([{ folder: '/photos/pets', testFolder: undefined, modelIds: ['demo'], pixels: true, protocols: ['knn', 'linear'], pooling: 'cls', perClass: 100 }])
    expect(seen).toEqual([1])
    expect(store.last).toEqual({ scored: 1, skipped: 1, failures: [{ name: 'Other', protocol: 'linear', reason: 'one class' }] })
    expect([store.work.phase, store.list.unreadable.length]).toEqual(['idle', 1])
  })

  it('keeps what was scored when it is stopped, and says why it failed', async () => {
    let fails = false
    const { store } = startEvaluation(async ({ signal }, keep) => {
      if (fails) throw new EngineError('BAD_REQUEST', 'no picture lies in a class folder')
      keep(fakeEvaluation('demo', 'knn', 0.5, 0.1))
      await new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(new EngineError('CANCELLED', 'cancelled')) }) })
    })
    store.folder = '/photos/pets'
    const run = store.run()
    await vi.waitFor(() => { expect(store.groups).toHaveLength(1) })
    await store.stop()
    await run
    expect([store.work.phase, store.groups.length]).toEqual(['idle', 1])
    fails = true
    await store.run()
    expect(store.work).toMatchObject({ phase: 'failed', problem: { message: 'no picture lies in a class folder' } })
  })

  it('writes and removes results', async () => {
    const { exported, store } = startEvaluation(async (_context, keep) => { keep(fakeEvaluation('demo', 'knn', 0.5, 0.1)); await Promise.resolve() })
    store.folder = '/photos/pets'
    await store.run()
    const { hash, evaluationIds } = store.groups[0]!
    await store.write(hash, { evaluationIds, format: 'csv' })
    expect(exported.mock.calls).toEqual([[{ evaluationIds, format: 'csv' }]])
    expect(store.exported).toMatchObject({ hash, files: { exportId: 'e' } })
    await store.remove(evaluationIds)
    expect(store.groups).toEqual([])
    expect(useNoticesStore().notices).toEqual([])
  })
})
