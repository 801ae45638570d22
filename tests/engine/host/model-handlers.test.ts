/** @file Requests about models, where their order matters. */
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { createBackboneCache } from '../../../src/engine/host/backbone-cache'
import { modelHandlers } from '../../../src/engine/host/handlers/models'
import type { ModelStore } from '../../../src/engine/host/model-store'

const refuse = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not part of this test'))

describe('models.remove', () => {
  it('frees the model also when somebody loads it again while its folder goes', async () => {
    const log: string[] = []
    const backbones = createBackboneCache(
      2,
      (name) => {
        log.push(`load ${name}`)
        return Promise.resolve({
          dispose: () => {
            log.push(`free ${name}`)
            return Promise.resolve()
          },
        })
      },
      (name) => log.push(`forget ${name}`),
    )
    const use = (): Promise<void> => backbones.use('m', () => Promise.resolve())
    const models: ModelStore = {
      list: refuse,
      folders: refuse,
      describe: refuse,
      find: refuse,
      stored: refuse,
      inspectOnnx: refuse,
      add: refuse,
      remove: async () => {
        await use()
        log.push('remove m')
      },
    }
    const handlers = modelHandlers({ options: { version: '1', workspace: '', resources: '' }, models, backbones })
    await use()
    await handlers['models.remove']({ modelId: 'm' })
    expect(log).toEqual(['load m', 'forget m', 'free m', 'load m', 'remove m', 'forget m', 'free m'])
  })
})
