/** @file The engine's link: ready once it answers, lost with its reason, back after a reload. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useConnection } from '../../../src/renderer/services/client'
import { useEngineStore } from '../../../src/renderer/stores/engine'
import { startPage } from '../page'

const reload = vi.fn()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.stubGlobal('document', { visibilityState: 'visible', baseURI: 'http://127.0.0.1:1/' })
  vi.stubGlobal('location', { reload })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  reload.mockReset()
})

describe('useEngineStore', () => {
  it('is ready once the engine answers and keeps its measured speed', async () => {
    const { host } = startPage()
    const engine = useEngineStore()
    expect(engine.link).toEqual({ phase: 'connecting' })
    await engine.start()
    host.push('engine.throughput', { modelId: 'demo', imagesPerSecond: 12.5 })
    await vi.waitFor(() => {
      expect(engine.throughput).toEqual({ modelId: 'demo', imagesPerSecond: 12.5 })
    })
    expect([engine.link, engine.status?.provider]).toEqual([{ phase: 'ready' }, 'cpu'])
  })

  it('goes on asking until the engine answers', async () => {
    const status = vi.fn(() => Promise.reject(new EngineError('INTERNAL', 'busy')))
    startPage({ handlers: { 'engine.status': status } })
    const engine = useEngineStore()
    await engine.start()
    expect(engine.link).toEqual({ phase: 'connecting' })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(status).toHaveBeenCalledTimes(3)
  })

  it('keeps why the engine does not tell its status, until it does', async () => {
    startPage()
    const engine = useEngineStore()
    const status = vi.spyOn(useConnection().client, 'engine.status')
    status.mockRejectedValueOnce(new EngineError('RUNTIME', 'no provider could run the test graph'))
    await engine.start()
    expect([engine.link, engine.problem]).toEqual([{ phase: 'connecting' }, { code: 'RUNTIME', message: 'no provider could run the test graph', lists: [] }])
    await engine.refresh()
    expect([engine.link, engine.problem]).toEqual([{ phase: 'ready' }, undefined])
  })

  it('leaves it to the port to say that the engine has stopped', async () => {
    const { port } = startPage({ handlers: { 'engine.status': () => Promise.reject(new EngineError('RUNTIME', 'no provider')) } })
    const engine = useEngineStore()
    await engine.start()
    expect(engine.problem?.code).toBe('RUNTIME')
    port.close()
    await engine.refresh()
    expect([engine.link.phase, engine.problem]).toEqual(['lost', undefined])
  })

  it('asks every few seconds while it is well, and not while the page is hidden', async () => {
    startPage()
    const engine = useEngineStore()
    await engine.start()
    const before = engine.status
    await vi.advanceTimersByTimeAsync(5000)
    await vi.waitFor(() => {
      expect(engine.status).not.toBe(before)
    })
    vi.stubGlobal('document', { visibilityState: 'hidden', baseURI: 'http://127.0.0.1:1/' })
    const hidden = engine.status
    await vi.advanceTimersByTimeAsync(20_000)
    expect(engine.status).toBe(hidden)
  })

  it('says why the engine was lost', async () => {
    const { port } = startPage()
    const engine = useEngineStore()
    await engine.start()
    port.close()
    expect(engine.link).toEqual({ phase: 'lost', reason: 'the port was closed', retry: 'idle' })
  })

  it.each([
    ['reloads when the server answers', true, 1, 'trying'],
    ['says so when no server answers', false, 0, 'unreachable'],
  ])('%s', async (_name, answers, reloads, retry) => {
    vi.stubGlobal('fetch', () => (answers ? Promise.resolve({ ok: true }) : Promise.reject(new TypeError('refused'))))
    const { port } = startPage()
    const engine = useEngineStore()
    await engine.start()
    await engine.restart()
    expect(reload).not.toHaveBeenCalled()
    port.close()
    await engine.restart()
    expect(reload).toHaveBeenCalledTimes(reloads)
    expect(engine.link).toMatchObject({ retry })
  })
})
