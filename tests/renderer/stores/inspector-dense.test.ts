/** @file Which head tells the depth of the picture on the stage: the one that was chosen, of those that belong to the model. */
import { expect, it } from 'vitest'
import { nextTick } from 'vue'
import { useInspectorDenseStore } from '../../../src/renderer/stores/inspector-dense'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakeHead } from '../fake-dense'
import { fakeModel } from '../fake-engine'
import { startPage } from '../page'

it('takes a head that fits the model, whatever comes first, and follows the model', async () => {
  startPage({
    models: [fakeModel({ id: 'tiny', dim: 192 }), fakeModel({ id: 'base', dim: 768 }), fakeModel({ id: 'odd', dim: 30 })],
    handlers: { 'heads.list': () => Promise.resolve([fakeHead({ headId: 'alpha', architecture: 'dpt', dim: 768, layers: [2, 5, 8, 11] }), fakeHead({ headId: 'beta' }), fakeHead({ headId: 'gamma' })]) },
  })
  const models = useModelsStore()
  await models.load()
  const dense = useInspectorDenseStore()
  await dense.refreshLists()
  const shown = async (modelId: string): Promise<string | undefined> => {
    models.choose(modelId)
    await nextTick()
    return dense.head?.headId
  }
  expect(await shown('tiny')).toBe('beta')
  dense.headId = 'gamma'
  expect([await shown('tiny'), await shown('base'), await shown('tiny')]).toEqual(['gamma', 'alpha', 'gamma'])
  // Where none fits the one that was chosen says whose it is.
  expect(await shown('odd')).toBe('gamma')
})
