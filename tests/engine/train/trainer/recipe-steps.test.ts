/** @file Steps as a recipe describes them: a batch in halves, activations computed again, grids so small that nothing may be masked. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { randomStream } from '../../../../src/engine/tensor'
import { parseRecipe, type Recipe, type RecipeOverrides } from '../../../../src/engine/train'
import { stepMasks } from '../../../../src/engine/train/masking'
import { maskOptions } from '../../../../src/engine/train/recipe'
import { openStepper, type StepFeeds, type StepRates, type Stepper } from '../../../../src/engine/train/step'
import { noiseGroups } from '../../../../src/engine/train/trainer/find-batch'
import { fillInitialWeights } from '../../../../src/engine/train/trainer/initial-weights'
import { stepFeeds } from '../../../../src/engine/train/trainer/step-feeds'
import { stepSpec, updateOptions } from '../../../../src/engine/train/trainer/step-plan'
import { maxDifference } from '../../../helpers/tensors'
import { tinyDinov2, tinyRecipe } from './support/training'

const still: StepRates = { lr: 0, lastLayerLr: 0, weightDecay: 0, momentum: 1, teacherTemperature: 0.05, lastLayerFrozen: false }
const moving: StepRates = { ...still, lr: 1e-3, lastLayerLr: 1e-3, weightDecay: 0.04, momentum: 0.99 }

function parse(overrides: RecipeOverrides): Recipe {
  const { method, ...rest } = overrides
  return method === 'dinov2' ? parseRecipe('method: dinov2\n', rest) : parseRecipe('preset: tiny-smoke\n', overrides)
}

async function openRuntime(): Promise<Runtime> {
  const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  onTestFinished(() => runtime.dispose())
  return runtime
}

async function open(runtime: Runtime, recipe: Recipe, batch: number): Promise<{ readonly stepper: Stepper; readonly feeds: (groups: readonly Float32Array[], step?: number) => StepFeeds; readonly noise: readonly Float32Array[] }> {
  const spec = stepSpec(recipe, batch, runtime)
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  onTestFinished(() => stepper.release())
  await fillInitialWeights(stepper.state, spec, 5, 0.1, undefined)
  // A teacher that says something else than the student, or entropies alone would be compared.
  const random = randomStream(11)
  for (let index = 0; index < stepper.state.teacher.data.length; index++) stepper.state.teacher.data[index]! += 0.02 * random.normal()
  return { stepper, noise: noiseGroups(spec), feeds: (groups, step = 0) => stepFeeds(spec, maskOptions(recipe, batch), groups, { seed: 5, step, micro: 0 }) }
}

/** Pictures `from` to `to` of crop-major rows `[crops, pictures, …]`. */
function picturesOf(rows: Float32Array, crops: number, pictures: number, from: number, to: number): Float32Array {
  const size = rows.length / (crops * pictures)
  const chosen = Array.from({ length: crops }, (_, crop) => rows.subarray((crop * pictures + from) * size, (crop * pictures + to) * size))
  const joined = new Float32Array(chosen.reduce((sum, { length }) => sum + length, 0))
  chosen.forEach((part, index) => { joined.set(part, index * part.length) })
  return joined
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
const difference = (left: ArrayLike<number>, right: ArrayLike<number>): number => maxDifference(Array.from(left), Array.from(right))

describe('a batch in two halves', () => {
  it.each([
    ['DINO with its centre held', tinyRecipe({ crops: { global_crops_size: 16, local_crops_size: 8, local_crops_number: 3 } }), 1e-5],
    // The loss of patches is of each crop, so halves add up there too; KoLeo and Sinkhorn-Knopp look at the batch as a whole.
    ['DINOv2 without masks and without what looks at the batch as a whole', tinyDinov2({ dino: { koleo_loss_weight: 0 }, ibot: { loss_weight: 0 }, teacher: { centering: 'centering' }, model: { drop_path_rate: 0 } }), 1e-5],
  ])('gives the losses and gradients of the whole one: %s', async (_title, overrides, tolerance) => {
    const runtime = await openRuntime()
    const recipe = parse(overrides)
    const [whole, halves] = [await open(runtime, recipe, 4), await open(runtime, recipe, 2)]
    const crops = [2, recipe.crops.local_crops_number]
    const half = (from: number): StepFeeds => halves.feeds(whole.noise.map((rows, group) => picturesOf(rows, crops[group]!, 4, from, from + 2)))
    const expected = await whole.stepper.step([whole.feeds(whole.noise)], still)
    const found = await halves.stepper.step([half(0), half(2)], still)
    for (const [name, value] of Object.entries(expected.metrics)) expect(Math.abs(found.metrics[name]! - value) / Math.max(1, value), name).toBeLessThan(tolerance)
    const [of4, of2] = [whole.stepper.gradient!.data, halves.stepper.gradient!.data]
    const scale = largest(of4)
    expect(scale).toBeGreaterThan(1e-3)
    // The sum of two runs, each over half as many.
    expect(difference(of2.map((value) => value / 2), of4) / scale).toBeLessThan(tolerance)
    expect(difference(halves.stepper.state.centre!.data, whole.stepper.state.centre!.data)).toBeLessThan(1e-6)
    expect(difference(halves.stepper.state.first.data, whole.stepper.state.first.data) / scale).toBeLessThan(tolerance)
  })
})

describe('activations computed again', () => {
  it.each([
    ['dino', tinyRecipe({ model: { arch: 'custom', dim: 16, depth: 3, heads: 2, patch_size: 8, image_size: 16, drop_path_rate: 0.3 } })],
    ['dinov2', tinyDinov2()],
  ])('change nothing of a step of %s', async (_method, overrides) => {
    const runtime = await openRuntime()
    const [kept, again] = [await open(runtime, parse(overrides), 2), await open(runtime, parse({ ...overrides, run: { ...overrides.run, recompute_activations: true } }), 2)]
    const [expected, found] = [await kept.stepper.step([kept.feeds(kept.noise)], moving), await again.stepper.step([again.feeds(again.noise)], moving)]
    const scale = largest(kept.stepper.gradient!.data)
    expect(Object.entries(found.metrics).map(([name, value]) => [name, Math.abs(value - expected.metrics[name]!) / Math.max(1, value) < 1e-5])).toEqual(Object.keys(expected.metrics).map((name) => [name, true]))
    expect(difference(again.stepper.gradient!.data, kept.stepper.gradient!.data) / scale).toBeLessThan(1e-5)
  })
})

describe('a grid so small that often no block fits', () => {
  it.each(['centering', 'sinkhorn_knopp'] as const)('stays finite with %s, also in steps that mask nothing', async (centering) => {
    const runtime = await openRuntime()
    const recipe = parse(
      tinyDinov2({
        model: { depth: 1, dim: 16, heads: 2, arch: 'custom', patch_size: 8, image_size: 16, drop_path_rate: 0 },
        crops: { global_crops_size: 16, local_crops_size: 8, local_crops_number: 1 },
        ibot: { separate_head: true, mask_ratio_min_max: [0.25, 0.5], head_n_prototypes: 16, head_hidden_dim: 16, head_bottleneck_dim: 8 },
        teacher: { centering },
      }),
    )
    const { stepper, noise, feeds } = await open(runtime, recipe, 2)
    const masked = Array.from({ length: 2000 }, (_, step) => stepMasks(maskOptions(recipe, 2)!, 5, step, 0).count)
    const empty = masked.flatMap((count, step) => (count === 0 ? [step] : [])).slice(0, 3)
    expect(empty.length).toBe(3)
    for (const step of [0, ...empty, 1, 2]) {
      const { finite, metrics } = await stepper.step([feeds(noise, step)], moving)
      expect({ step, finite, learnsFromPatches: metrics['loss.ibot'] !== 0 }).toEqual({ step, finite: true, learnsFromPatches: masked[step]! > 0 })
    }
    expect([stepper.state.student, stepper.state.teacher, stepper.state.second].every(({ data }) => data.every(Number.isFinite))).toBe(true)
    expect(stepper.state.centreIbot?.data.every(Number.isFinite) ?? true).toBe(true)
  })
})
