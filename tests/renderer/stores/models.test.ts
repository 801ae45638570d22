/** @file Models: listed, chosen, imported with their reasons, removed. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useJobsStore } from '../../../src/renderer/stores/jobs'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { fakeInspection, fakeModel } from '../fake-engine'
import { startPage } from '../page'

describe('useModelsStore', () => {
  it('looks through the chosen model as long as it is there', async () => {
    startPage({ models: [fakeModel(), fakeModel({ id: 'own', trained: true, origin: 'imported' })] })
    const models = useModelsStore()
    await models.load()
    expect(models.active?.id).toBe('own')
    models.choose('demo')
    expect(models.active?.id).toBe('demo')
    models.choose('own')
    await models.remove('own')
    expect([models.active?.id, useSettingsStore().values.modelId]).toEqual(['demo', undefined])
  })

  it('says why the list cannot be read, and reads it when asked again', async () => {
    let failures = 1
    startPage({
      handlers: { 'models.list': () => (failures-- > 0 ? Promise.reject(new EngineError('DISK', 'the disk is gone')) : Promise.resolve([fakeModel()])) },
    })
    const models = useModelsStore()
    await models.load()
    expect([models.loaded, models.problem]).toEqual([false, { code: 'DISK', message: 'the disk is gone', lists: [] }])
    await models.load()
    expect([models.loaded, models.problem, models.models.length]).toEqual([true, undefined, 1])
  })

  it('imports a file and lists it', async () => {
    startPage()
    const models = useModelsStore()
    const imported = models.importFrom('/m/dino.pth')
    expect(models.importing).toMatchObject({ phase: 'importing', path: '/m/dino.pth' })
    await imported
    expect(models.importing).toMatchObject({ phase: 'imported', model: { name: 'dino.pth' } })
    expect(models.models.map(({ id }) => id)).toEqual(['demo', '/m/dino.pth'])
    expect(useJobsStore().running).toEqual([])
  })

  it('shows the reason and the keys of a file that does not fit', async () => {
    startPage()
    const models = useModelsStore()
    await models.importFrom('/m/other.safetensors')
    expect(models.importing).toEqual({
      phase: 'failed',
      path: '/m/other.safetensors',
      problem: {
        code: 'MODEL_KEYS',
        message: '/m/other.safetensors: 3 tensors of ViT-S/16 are missing',
        lists: [
          { title: 'Missing keys', items: ['norm.weight', 'norm.bias', 'cls_token'] },
          { title: 'Unexpected keys', items: ['head.weight', 'head.bias'] },
        ],
      },
    })
    models.dismissImport()
    expect(models.importing).toEqual({ phase: 'idle' })
  })

  it('asks how a graph of another maker is read, and asks again where that cannot be', async () => {
    startPage()
    const models = useModelsStore()
    await models.importFrom('/m/foreign.onnx')
    expect(models.importing).toMatchObject({ phase: 'choosing', path: '/m/foreign.onnx', inspection: { name: 'foreign' }, problem: undefined })
    expect(useJobsStore().running).toEqual([])
    const mapping = fakeInspection().proposal
    await models.importChosen('Foreign', { ...mapping, leadingTokens: 5 })
    expect(models.importing).toMatchObject({ phase: 'choosing', inspection: { name: 'foreign' }, problem: { code: 'BAD_REQUEST' } })
    await models.importChosen('Foreign', mapping)
    expect(models.importing).toMatchObject({ phase: 'imported', model: { name: 'Foreign' } })
    await models.importFrom('/m/foreign.onnx')
    models.dismissImport()
    expect(models.importing).toEqual({ phase: 'idle' })
  })

  it('imports an ONNX file of DinoScope’s own without asking', async () => {
    const asked = vi.fn()
    startPage({ handlers: { 'models.import': (argument) => { asked(argument); return Promise.resolve(fakeModel({ id: 'own' })) } } })
    const models = useModelsStore()
    await models.importFrom('/m/exported.onnx')
    expect([models.importing.phase, asked.mock.calls]).toEqual(['imported', [[{ path: '/m/exported.onnx', name: undefined, onnx: undefined }]]])
  })

  it('keeps no patch tokens with a model that gives none', async () => {
    startPage({ models: [fakeModel({ id: 'vector', gives: { patches: false, attention: false, inside: false } }), fakeModel()] })
    const models = useModelsStore()
    await models.load()
    models.choose('vector')
    const kept = [models.keepsPatches]
    models.choose('demo')
    expect([...kept, models.keepsPatches]).toEqual([false, true])
  })

  it('cancels an import', async () => {
    const started = vi.fn()
    startPage({
      handlers: {
        'models.import': (_argument, { signal }) => {
          started()
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new EngineError('CANCELLED', ''))
            })
          })
        },
      },
    })
    const models = useModelsStore()
    const imported = models.importFrom('/m/dino.pth')
    await vi.waitFor(() => {
      expect(started).toHaveBeenCalledOnce()
    })
    await models.cancelImport()
    await imported
    expect(models.importing).toEqual({ phase: 'idle' })
  })

  it('says why a model cannot be removed', async () => {
    startPage({ handlers: { 'models.remove': () => Promise.reject(new EngineError('FORBIDDEN', 'demo is bundled')) } })
    const models = useModelsStore()
    await models.load()
    await models.remove('demo')
    expect([models.problem?.code, models.models.length]).toEqual(['FORBIDDEN', 1])
  })
})
