/** @file The export of a model over a fake engine: files and differences, notices, a refusal. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useModelExportStore } from '../../../src/renderer/stores/model-export'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { fakeModel } from '../fake-engine'
import { startPage } from '../page'

const request = { format: 'onnx', bakedSize: [224, 336], precision: undefined } as const

describe('useModelExportStore', () => {
  it('ends with the files and the differences, and says so only where nobody looks', async () => {
    const ask = vi.fn(() => Promise.resolve({ exportId: 'e', files: [{ name: 'demo.onnx', sizeBytes: 9 }], parity: [] }))
    startPage({ handlers: { 'models.export': ask } })
    const exporting = useModelExportStore()
    exporting.ask(fakeModel())
    await exporting.start(fakeModel(), request)
    expect(ask).toHaveBeenCalledExactlyOnceWith({ modelId: 'demo', format: 'onnx', bakedSize: [224, 336] }, expect.anything())
    expect(exporting.state).toMatchObject({ phase: 'finished', result: { files: [{ name: 'demo.onnx' }] } })
    expect(useNoticesStore().notices).toEqual([])
    exporting.close()
    await exporting.start(fakeModel(), request)
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'done' }])
  })

  it('keeps the result for its model and drops it for another one', async () => {
    startPage()
    const exporting = useModelExportStore()
    await exporting.start(fakeModel(), request)
    exporting.ask(fakeModel())
    expect(exporting.state.phase).toBe('finished')
    exporting.ask(fakeModel({ id: 'other' }))
    expect(exporting.state.phase).toBe('idle')
  })

  it('shows why an export failed', async () => {
    startPage({ handlers: { 'models.export': () => Promise.reject(new EngineError('DISK', 'no space is left')) } })
    const exporting = useModelExportStore()
    await exporting.start(fakeModel(), request)
    expect(exporting.state).toMatchObject({ phase: 'failed', problem: { code: 'DISK', message: 'no space is left' } })
  })
})
