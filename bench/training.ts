/** @file Speed and memory of a whole training step: losses, gradients, clipping, AdamW and the teacher's average. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { forwardMacs } from '../src/engine/nn'
import type { Runtime } from '../src/engine/runtime'
import { measureStep, measureTrainingData, parseRecipe, recipeConfig, type Recipe } from '../src/engine/train'
import { peakRssMb, type Measurement } from './report'
import type { Roofline } from './roofline'

interface Setting {
  readonly name: string
  readonly batch: number
  readonly prototypes: number
  readonly repetitions: number
}

/** DINO ViT-Ti/16 on 2 × 224 + 8 × 96 px, with a head that is small beside the backbone, and with the official one. */
const settings: readonly Setting[] = [
  { name: 'dino-vitti16 step, 2×224 + 8×96 px, batch 4, 4096 prototypes', batch: 4, prototypes: 4096, repetitions: 6 },
  { name: 'dino-vitti16 step, 2×224 + 8×96 px, batch 8, 65536 prototypes', batch: 8, prototypes: 65_536, repetitions: 3 },
]

function recipeOf({ batch, prototypes }: Setting): Recipe {
  return parseRecipe(`preset: dino-vits16\nmodel: { arch: ti, drop_path_rate: 0 }\ndino: { head_n_prototypes: ${prototypes}, norm_last_layer: true }\nrun: { batch: ${batch}, accumulate: 1 }\noptimiser: { freeze_last_layer: 0 steps }\n`)
}

/**
 * Multiply-accumulates of a step for one picture: forward, and twice that backward, of the student on all crops, where
 * nothing flows back to the pixels; forward of the teacher on the global ones.
 */
function stepMacs(recipe: Recipe): number {
  const config = recipeConfig(recipe)
  const { global_crops_size: global, local_crops_size: local, local_crops_number: locals } = recipe.crops
  const patches = (size: number): number => Math.floor(size / config.patchSize) ** 2
  const embedding = (size: number): number => patches(size) * config.dim * 3 * config.patchSize ** 2
  const { head_hidden_dim: hidden, head_bottleneck_dim: bottleneck, head_n_prototypes: prototypes } = recipe.dino
  const head = config.dim * hidden + hidden * hidden + hidden * bottleneck + bottleneck * prototypes
  const student = 2 * forwardMacs(config, patches(global)) + locals * forwardMacs(config, patches(local)) + (2 + locals) * head
  const teacher = 2 * forwardMacs(config, patches(global)) + 2 * head
  return 3 * student - 2 * embedding(global) - locals * embedding(local) + teacher
}

const dataSteps = 6

/**
 * Measures the settings in order, the small one first: peak memory only grows. Then how fast pictures become crops when
 * no model holds them up, of which the model should need a third at most.
 */
export async function benchTraining(runtime: Runtime, roofline: Roofline, samplesFolder: string): Promise<Measurement[]> {
  const measured: Measurement[] = []
  for (const setting of settings) {
    const recipe = recipeOf(setting)
    const { milliseconds } = await measureStep(runtime, recipe, setting.batch, setting.repetitions, () => roofline.measure().then(() => undefined))
    measured.push({ name: setting.name, value: (1000 * setting.batch) / milliseconds, unit: 'img/s', gigaflopsPerUnit: (2 * stepMacs(recipe)) / 1e9, peakRssMb: peakRssMb() })
  }
  const [first] = settings
  if (first === undefined) return measured
  const photos = (await readdir(samplesFolder)).filter((name) => name.endsWith('.jpg'))
  const images = photos.map((name) => ({ path: join(samplesFolder, name), relativePath: name, sizeBytes: 0 }))
  const { imagesPerSecond } = await measureTrainingData(recipeOf(first), images, samplesFolder, first.batch, dataSteps)
  measured.push({ name: 'training data, photos to 2×224 + 8×96 px crops', value: imagesPerSecond, unit: 'img/s', peakRssMb: peakRssMb() })
  return measured
}
