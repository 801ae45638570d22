/** @file One analysis runs for the stage, the next may be prepared, everything else is cancelled, a few are kept. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type AnalyseRequest, type Analysis, type Progress } from '../../../src/engine/contract'
import { createAnalysisLoader } from '../../../src/renderer/services/analyses'
import { progressOf } from '../fake-engine'
import { deferred } from '../page'

const request = (imageId: string): AnalyseRequest => ({ imageId, modelId: 'm', size: 224 })
const analysisOf = (imageId: string): Analysis => ({ imageId }) as Analysis

function setUp(kept?: number) {
  const log: string[] = []
  const running = new Map<string, { readonly settle: ReturnType<typeof deferred<Analysis>>; readonly emit: (progress: Progress) => void }>()
  const loader = createAnalysisLoader(({ imageId }, emit) => {
    const settle = deferred<Analysis>()
    log.push(`start ${imageId}`)
    running.set(imageId, { settle, emit })
    return {
      id: imageId,
      result: settle.promise,
      cancel: () => {
        log.push(`cancel ${imageId}`)
        settle.reject(new EngineError('CANCELLED', ''))
        return Promise.resolve()
      },
    }
  }, kept)
  const finish = async (imageId: string): Promise<void> => {
    running.get(imageId)?.settle.resolve(analysisOf(imageId))
    await Promise.resolve()
  }
  return { loader, log, running, finish }
}
const ignore = vi.fn()

describe('createAnalysisLoader', () => {
  it('cancels what runs when another picture is asked for', async () => {
    const { loader, log, finish } = setUp()
    const first = loader.load(request('a'), ignore)
    const second = loader.load(request('b'), ignore)
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
    await finish('b')
    await expect(second).resolves.toEqual(analysisOf('b'))
    expect(log).toEqual(['start a', 'cancel a', 'start b'])
  })

  it('takes up an analysis that was prepared, with its progress', async () => {
    const { loader, log, running, finish } = setUp()
    loader.prefetch(request('a'))
    loader.prefetch(request('a'))
    const progress: Progress[] = []
    const result = loader.load(request('a'), (event) => progress.push(event))
    running.get('a')?.emit(progressOf('half', 1, 2))
    await finish('a')
    await expect(result).resolves.toEqual(analysisOf('a'))
    expect([log, progress]).toEqual([['start a'], [progressOf('half', 1, 2)]])
  })

  it('shows a kept analysis again without work, and only the freshest are kept', async () => {
    const { loader, log, finish } = setUp(2)
    for (const imageId of ['a', 'b', 'c']) {
      const result = loader.load(request(imageId), ignore)
      await finish(imageId)
      await result
    }
    await loader.load(request('c'), ignore)
    await loader.load(request('b'), ignore)
    void loader.load(request('a'), ignore)
    expect(log).toEqual(['start a', 'start b', 'start c', 'start a'])
  })

  it('tries again after a failure, and after being told to forget', async () => {
    const { loader, log, running, finish } = setUp()
    const failed = loader.load(request('a'), ignore)
    running.get('a')?.settle.reject(new EngineError('RUNTIME', 'no'))
    await expect(failed).rejects.toMatchObject({ code: 'RUNTIME' })
    const again = loader.load(request('a'), ignore)
    await finish('a')
    await again
    loader.forget(request('a'))
    void loader.load(request('a'), ignore)
    expect(log).toEqual(['start a', 'start a', 'start a'])
  })

  it('keeps apart the same picture at another size or through another model', () => {
    const { loader, log } = setUp()
    loader.prefetch(request('a'))
    loader.prefetch({ ...request('a'), size: 448 })
    loader.prefetch({ ...request('a'), modelId: 'n' })
    expect(log).toHaveLength(3)
  })

  it('stops what runs and keeps what is done; clear drops both', async () => {
    const { loader, log, finish } = setUp()
    const done = loader.load(request('a'), ignore)
    await finish('a')
    await done
    const running = loader.load(request('b'), ignore)
    loader.stop()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    await loader.load(request('a'), ignore)
    loader.clear()
    void loader.load(request('a'), ignore)
    expect(log).toEqual(['start a', 'start b', 'cancel b', 'start a'])
  })
})
