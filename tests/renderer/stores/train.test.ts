/** @file Planning a run over a fake engine: recipe, trial, start, and a new run from another one's weights. */
import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { EngineError, type TrainPlan } from '../../../src/engine/contract'
import { useJobsStore } from '../../../src/renderer/stores/jobs'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { recipePaths, useRecipeStore } from '../../../src/renderer/stores/recipe'
import { useRunsStore } from '../../../src/renderer/stores/runs'
import { useSelectionStore } from '../../../src/renderer/stores/selection'
import { useTrainStore } from '../../../src/renderer/stores/train'
import { fakeModel, fakePicture, type FakeEngineOptions } from '../fake-engine'
import { fakeRun } from '../fake-training'
import { startPage } from '../page'

const pictures = [fakePicture('a.jpg'), fakePicture('b.jpg'), fakePicture('walk.jpg'), fakePicture('walk2.jpg'), fakePicture('c.jpg', { broken: 'cut off' })]
const pretrained = fakeModel({ id: 'tiny', name: 'Tiny', architecture: 'ViT-Ti/16', trained: true, parameters: 5_526_000 })

async function plan(options: FakeEngineOptions = {}) {
  const engine = startPage({ pictures, models: [fakeModel(), pretrained], ...options })
  const recipe = useRecipeStore()
  const train = useTrainStore()
  await useRunsStore().start()
  await recipe.load()
  await vi.waitFor(() => {
    expect(recipe.isSound).toBe(true)
  })
  return { engine, recipe, train, library: useLibraryStore() }
}

describe('useRecipeStore', () => {
  it('proposes the preset that the pretrained model fits and understands it', async () => {
    const { recipe } = await plan()
    expect([recipe.presetName, recipe.summary?.architecture, recipe.problems, recipe.isEdited]).toEqual(['dino-vitti16-laptop', 'ViT-Ti/16', [], false])
  })

  it('writes the simple settings into the text and says what is wrong with which line', async () => {
    const { recipe } = await plan()
    recipe.setValues([[recipePaths.steps, 500], [recipePaths.batch, 4]])
    expect([recipe.valueOf(recipePaths.steps), recipe.valueOf(recipePaths.batch), recipe.isEdited, recipe.isSound]).toEqual([500, 4, true, false])
    expect(recipe.text).toContain('# in place of epochs')
    recipe.edit(recipe.text.replace('lr: 0.0005', 'lr: -1'))
    await vi.waitFor(() => {
      expect(recipe.problems).toEqual([{ path: 'optimiser.lr', message: 'must be a positive number', line: 7 }])
    })
    recipe.reset()
    expect([recipe.isEdited, recipe.valueOf(recipePaths.steps)]).toEqual([false, 'auto'])
  })

  it('keeps what was edited while another preset is looked at', async () => {
    const { recipe } = await plan()
    recipe.setValues([[recipePaths.epochs, 7]])
    recipe.choosePreset('tiny-smoke')
    recipe.choosePreset('dino-vitti16-laptop')
    expect(recipe.valueOf(recipePaths.epochs)).toBe(7)
  })

  it('says why the presets could not be read and reads them when asked again', async () => {
    let refuse = true
    startPage({ handlers: { 'train.presets': () => (refuse ? Promise.reject(new EngineError('INTERNAL', 'no presets')) : Promise.resolve([])) } })
    const recipe = useRecipeStore()
    await recipe.load()
    expect(recipe.problem?.message).toBe('no presets')
    refuse = false
    await recipe.load()
    expect(recipe.problem).toBeUndefined()
  })
})

describe('useTrainStore', () => {
  it('says what is missing until there is something to start', async () => {
    const { train, library, recipe } = await plan()
    expect([train.obstacle, train.plan]).toEqual(['Open the folder to learn from.', undefined])
    await library.open('/photos/trip')
    expect([train.obstacle, train.plan]).toEqual([
      undefined,
      { name: 'trip, ViT-Ti/16', images: { libraryId: 'library of /photos/trip', imageIds: undefined }, recipe: recipe.text, init: 'tiny' },
    ])
    recipe.edit(recipe.text.replace('lr: 0.0005', 'lr: -1'))
    await vi.waitFor(() => {
      expect(train.obstacle).toBe('Recipe, line 7: optimiser.lr must be a positive number.')
    })
  })

  it('learns from what the filter shows where that is chosen', async () => {
    const { train, library } = await plan()
    await library.open('/photos/trip')
    library.filter = 'walk'
    await nextTick()
    expect([train.isFiltered, train.imageCount]).toEqual([true, 4])
    train.scope = 'shown'
    expect([train.imageCount, train.plan?.images.imageIds]).toEqual([2, ['id-walk.jpg', 'id-walk2.jpg']])
    library.filter = ''
    await nextTick()
    expect([train.imageCount, train.plan?.images.imageIds]).toEqual([4, undefined])
  })

  it('learns from what is selected where that is chosen', async () => {
    const { train, library } = await plan()
    await library.open('/photos/trip')
    const selection = useSelectionStore()
    train.scope = 'selected'
    expect([train.usedScope, train.plan?.images.imageIds]).toEqual(['all', undefined])
    selection.set([library.rowOf('id-walk.jpg'), library.rowOf('id-walk2.jpg')])
    expect([train.usedScope, train.imageCount, train.plan?.images.imageIds]).toEqual(['selected', 2, ['id-walk.jpg', 'id-walk2.jpg']])
  })

  it('measures a plan, and knows when the plan has changed since', async () => {
    const { train, library } = await plan()
    await library.open('/photos/trip')
    await train.measure()
    expect([train.card.phase, train.isCardCurrent, useJobsStore().running]).toEqual(['ready', true, []])
    train.name = 'Another name'
    expect(train.isCardCurrent).toBe(true)
    train.chosenStart = 'scratch'
    expect(train.isCardCurrent).toBe(false)
  })

  it('cancels a trial, and before a start by itself', async () => {
    const cancelled = vi.fn()
    const { train, library } = await plan({
      handlers: {
        'train.card': (_plan, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              cancelled()
              reject(new EngineError('CANCELLED', ''))
            })
          }),
      },
    })
    await library.open('/photos/trip')
    const first = train.measure()
    await train.stopMeasuring()
    await first
    expect([train.card.phase, cancelled.mock.calls.length]).toEqual(['none', 1])
    const second = train.measure()
    expect((await train.begin())?.state).toBe('running')
    await second
    expect([train.card.phase, cancelled.mock.calls.length]).toEqual(['none', 2])
  })

  it('starts the run, which is then in the list', async () => {
    const { train, library } = await plan()
    await library.open('/photos/trip')
    train.name = ' Night one '
    const run = await train.begin()
    expect([run?.name, useRunsStore().runs.map(({ id }) => id), train.name, train.starting]).toEqual(['Night one', ['made-1'], '', false])
  })

  it('keeps why a run did not start', async () => {
    const { train, library } = await plan({ handlers: { 'train.start': () => Promise.reject(new EngineError('BUSY', 'Field trip is running')) } })
    await library.open('/photos/trip')
    expect([await train.begin(), train.startProblem?.message, train.starting]).toEqual([undefined, 'Field trip is running', false])
  })

  it('plans a new run from the weights of another one, and never quietly from other weights', async () => {
    const source = fakeRun({ id: 'a', name: 'A', state: 'stopped', checkpoints: [{ step: 3, best: false, savedAt: '2026-01-01T00:00:00.000Z' }] })
    const plans: TrainPlan[] = []
    const { train, library, recipe } = await plan({ runs: [source] })
    await library.open('/photos/trip')
    await train.fork(source)
    await vi.waitFor(() => {
      expect(recipe.isSound).toBe(true)
    })
    if (train.plan !== undefined) plans.push(train.plan)
    expect([plans, recipe.presetName]).toMatchObject([[{ name: 'A, continued', init: 'run:a' }], undefined])
    recipe.edit(recipe.text.replace('ViT-Ti/16', 'ViT-S/16'))
    await vi.waitFor(() => {
      expect(train.obstacle).toBe('A is ViT-Ti/16, and the recipe trains ViT-S/16. Choose other weights to begin with.')
    })
    recipe.choosePreset('dino-vitti16-laptop')
    await vi.waitFor(() => {
      expect(train.plan?.init).toBe('tiny')
    })
  })
})
