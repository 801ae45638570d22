import { describe, expect, it } from 'vitest'
import { parseRecipe, recipeSchedule, type RecipeOverrides, type RecipeSchedule } from '../../../../src/engine/train/recipe'
import { thrownBy } from '../../../helpers/thrown'

const scheduleOf = (yaml: string, overrides: RecipeOverrides, imagesTotal: number): RecipeSchedule => recipeSchedule(parseRecipe(yaml, overrides), { imagesTotal })

describe('the length of a run', () => {
  it.each<[string, RecipeOverrides, number, number, number]>([
    ['once through the pictures is an epoch, the incomplete step left out', { run: { epochs: 3, batch: 8 } }, 1000, 125, 375],
    ['accumulated batches are one step', { run: { epochs: 3, batch: 8, accumulate: 4 } }, 1000, 31, 93],
    ['fewer pictures than a step make an epoch of one step', { run: { epochs: 3, batch: 64 } }, 10, 1, 3],
    ['an epoch may be so many steps', { run: { epochs: 3, epoch_length: 1250 } }, 10, 1250, 3750],
    ['steps are used instead of epochs', { run: { steps: 40, batch: 8 }, optimiser: { warmup: '10%' } }, 1000, 125, 40],
  ])('%s', (_, overrides, images, stepsPerEpoch, stepsTotal) => {
    const schedule = scheduleOf('method: dino', { optimiser: { warmup: 1 }, ...overrides }, images)
    expect({ stepsPerEpoch: schedule.stepsPerEpoch, stepsTotal: schedule.stepsTotal }).toEqual({ stepsPerEpoch, stepsTotal })
  })

  it('depends on the batch that was found, where the recipe says auto', async () => {
    const recipe = parseRecipe('method: dino', { run: { batch: 'auto', epochs: 10 } })
    expect(recipeSchedule(recipe, { imagesTotal: 320, batch: 16 }).stepsTotal).toBe(200)
    expect(await thrownBy(() => recipeSchedule(recipe, { imagesTotal: 320 }))).toMatchObject({ code: 'RECIPE', message: 'run.batch: is auto and not yet known; find it first, or write a number' })
  })
})

describe('the official runs', () => {
  it('DINO at 512 pictures a step: golden values of ImageNet over 100 epochs', () => {
    const { at, stepsPerEpoch } = scheduleOf('method: dino', { run: { batch: 64, accumulate: 8, epoch_length: 1251 }, teacher: { teacher_temp: 0.07, teacher_temp_warmup: 30 } }, 1_281_167)
    expect(stepsPerEpoch).toBe(1251)
    expect(at(1).lr).toBeCloseTo(7.994e-8, 11)
    expect([at(12_509).lr, at(12_510).lr]).toEqual([1e-3, 1e-3])
    expect(at(62_550)).toEqual({
      lr: expect.closeTo(5.87237e-4, 9),
      lastLayerLr: expect.closeTo(5.87237e-4, 9),
      weightDecay: expect.closeTo(0.22, 12),
      momentum: expect.closeTo(0.998, 12),
      teacherTemperature: 0.07,
      lastLayerFrozen: false,
    })
    expect([0, 1250, 1251, 29 * 1251, 30 * 1251].map((step) => Number(at(step).teacherTemperature.toFixed(6)))).toEqual([0.04, 0.04, 0.041034, 0.07, 0.07])
  })

  it('DINO freezes its last layer while the epoch is below the number given', () => {
    const { at } = scheduleOf('method: dino', { run: { epoch_length: 10 }, optimiser: { freeze_last_layer: 2 } }, 100)
    expect([0, 19, 20].map((step) => ({ frozen: at(step).lastLayerFrozen, sameRate: at(step).lastLayerLr === at(step).lr }))).toEqual([
      { frozen: true, sameRate: true },
      { frozen: true, sameRate: true },
      { frozen: false, sameRate: true },
    ])
  })

  it('DINOv2 gives its last layer no learning rate for the first 1250 steps, and warms its temperature step by step', () => {
    const { at, stepsTotal } = scheduleOf('method: dinov2', { run: { batch: 64, accumulate: 32 } }, 1_281_167)
    expect(stepsTotal).toBe(125_000)
    expect(at(12_500).lr).toBeCloseTo(5.657e-3, 6)
    expect([0, 1249, 1250].map((step) => ({ rate: at(step).lastLayerLr === 0 ? 0 : at(step).lastLayerLr / at(step).lr, frozen: at(step).lastLayerFrozen }))).toEqual([
      { rate: 0, frozen: false },
      { rate: 0, frozen: false },
      { rate: 1, frozen: false },
    ])
    expect([0, 1, 37_499, 37_500].map((step) => at(step).teacherTemperature)).toEqual([0.04, 0.04 + 0.03 / 37_499, 0.07, 0.07].map((value): unknown => expect.closeTo(value, 12)))
  })
})

describe('shares of the run', () => {
  const shares: RecipeOverrides = {
    run: { steps: 200 },
    optimiser: { warmup: '10%', freeze_last_layer: '1%' },
    teacher: { teacher_temp: 0.07, teacher_temp_warmup: '50%' },
    watch: { probe_every: '2%', knn_every: 0 },
  }
  const schedule = scheduleOf('method: dino', shares, 100)

  it('set warmups, freezing and intervals', () => {
    expect({
      lastWarmup: schedule.at(19).lr === schedule.at(20).lr,
      frozen: [0, 1, 2].map((step) => schedule.at(step).lastLayerFrozen),
      temperature: [0, 99, 100].map((step) => schedule.at(step).teacherTemperature),
      probeEvery: schedule.probeEvery,
      knnEvery: schedule.knnEvery,
    }).toEqual({ lastWarmup: true, frozen: [true, true, false], temperature: [0.04, 0.07, 0.07], probeEvery: 4, knnEvery: 0 })
  })

  it('of a very short run are a step at least, so that what is asked for happens', () => {
    expect(scheduleOf('method: dino', { ...shares, run: { steps: 5 } }, 100).probeEvery).toBe(1)
  })
})

describe('a warmup longer than the run', () => {
  it('is refused when the pictures are known, with both lengths and what to write', async () => {
    const error = await thrownBy(() => scheduleOf('method: dino', { run: { steps: 500, batch: 8 } }, 1000))
    const message = '10 epochs (1250 steps) is longer than the whole run of 500 steps; write a share such as 10%'
    expect(error).toMatchObject({ code: 'RECIPE', message: `optimiser.warmup: ${message}`, detail: { problems: [{ path: 'optimiser.warmup', message, line: undefined }] } })
  })
})
