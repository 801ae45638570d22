/** @file The recipes that come with the program, each as what it changes of its method's defaults. */
import type { RecipePreset, TrainMethod } from '../../contract'
import { methodDefaults } from './defaults'
import { mergeOver, settle } from './merge'
import { recipeSchema, type RecipeInput, type RecipeOverrides } from './schema'
import { recipeYaml } from './write'

interface Preset {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly method: TrainMethod
  readonly changes: RecipeOverrides
}

const presets: readonly Preset[] = [
  {
    name: 'dino-vitti16-laptop',
    title: 'DINO ViT-Ti/16 for a laptop',
    description:
      'A tiny transformer with small crops that a CPU trains overnight on a few thousand photos. It learns the look of your pictures, not the world; expect useful neighbours and coarse attention.',
    method: 'dino',
    changes: {
      model: { arch: 'ti', patch_size: 16, drop_path_rate: 0 },
      dino: { head_n_prototypes: 4096 },
      // Half the edge of the official crops is about a third of the work.
      crops: { global_crops_size: 128, local_crops_size: 64, local_crops_number: 6 },
      // Small batches: a plain rate, since the linear rule would leave next to nothing of it.
      optimiser: { lr: 0.0005, scaling_rule: 'none', min_lr: 1e-5, warmup: '10%', freeze_last_layer: '1%' },
      // Two halves give the same step as one batch of 32, in 1.2 GB instead of 3.
      run: { epochs: 100, batch: 16, accumulate: 2 },
    },
  },
  {
    name: 'dino-vits16',
    title: 'DINO ViT-S/16, as published',
    description:
      'The official recipe at 512 pictures a step, with the settings its authors recommend for ViT-S. Meant for a GPU and a hundred thousand pictures or more, from scratch.',
    method: 'dino',
    changes: {
      dino: { norm_last_layer: false },
      teacher: { teacher_temp: 0.07, teacher_temp_warmup: '30 epochs' },
      run: { batch: 64, accumulate: 8 },
    },
  },
  {
    name: 'dinov2-vits14-continue',
    title: 'Continue DINOv2 ViT-S/14 on your pictures',
    description:
      'Starts from pretrained weights and moves them gently: a low rate, lower still in the early blocks, a slow teacher. The heads are not part of published weights and begin anew, so the first steps are theirs.',
    method: 'dinov2',
    changes: {
      model: { arch: 's', patch_size: 14, image_size: 518, drop_path_rate: 0.1, drop_path_kind: 'per-sample' },
      dino: { head_n_prototypes: 8192 },
      ibot: { head_n_prototypes: 8192 },
      teacher: { momentum_teacher: 0.996, teacher_temp_warmup: '20%' },
      crops: { local_crops_size: 98 },
      optimiser: { lr: 5e-5, scaling_rule: 'none', min_lr: 1e-6, warmup: '5%', weight_decay: 0.04, weight_decay_end: 0.2, freeze_last_layer: '2%', layerwise_decay: 0.8 },
      // KoLeo wants company, so eight at a time; recomputed they take 1.9 GB, where four took 2.4.
      run: { epochs: 10, epoch_length: 'auto', batch: 8, accumulate: 4, recompute_activations: true },
    },
  },
  {
    name: 'distil-vitti14',
    title: 'Distil into ViT-Ti/14',
    description:
      'A tiny student learns to answer as a larger, frozen model does, on your own pictures. It gets further than from scratch in the same time, and is several times faster than its teacher. Choose a teacher with patches of 14 pixels, such as DINOv2 ViT-S/14.',
    method: 'distill',
    changes: {
      init: 'scratch',
      model: { arch: 'ti', patch_size: 14, image_size: 224, layerscale: 0 },
      // Eight by eight patches for the teacher, too: most of a step is its.
      crops: { global_crops_size: 112, local_crops_size: 56, local_crops_number: 4, blur: { inverted_blur_probability: false, global_1: 0, global_2: 0.1, local: 0.1 } },
      teacher: { teacher_temp: 0.04, teacher_temp_warmup: '0 steps', momentum_teacher: 0.99 },
      dino: { head_n_prototypes: 2048 },
      ibot: { head_n_prototypes: 2048 },
      optimiser: { lr: 0.001, scaling_rule: 'none', min_lr: 1e-5, warmup: '5%', freeze_last_layer: '0 steps', patch_embed_lr_mult: 1 },
      run: { epochs: 30, epoch_length: 'auto', batch: 32 },
    },
  },
  {
    name: 'tiny-smoke',
    title: 'A trial of the machinery',
    description: 'Twenty steps of a very small transformer on thumbnails, done in seconds. It shows that everything works; it learns nothing worth keeping.',
    method: 'dino',
    changes: {
      init: 'scratch',
      model: { arch: 'custom', dim: 64, depth: 2, heads: 1, patch_size: 8, image_size: 32, drop_path_rate: 0 },
      dino: { head_n_prototypes: 64, head_hidden_dim: 64, head_bottleneck_dim: 32 },
      ibot: { head_n_prototypes: 64, head_hidden_dim: 64, head_bottleneck_dim: 32 },
      crops: { global_crops_size: 32, local_crops_size: 16, local_crops_number: 2 },
      optimiser: { lr: 0.001, scaling_rule: 'none', warmup: '10%', freeze_last_layer: '0 steps' },
      run: { steps: 20, batch: 4, workers: 1, cache_gb: 0.1 },
      checkpoint: { every_steps: 10 },
      watch: { log_every: 1, probe_every: '50%', probe_pictures: 2, knn_every: '50%' },
    },
  },
]

export const presetNames: readonly string[] = presets.map(({ name }) => name)

/** The whole recipe of a preset, as a file would have it; undefined where there is none of that name. */
export function presetInput(name: string): RecipeInput | undefined {
  const preset = presets.find((each) => each.name === name)
  if (preset === undefined) return undefined
  const defaults = methodDefaults(preset.method)
  return mergeOver(defaults, settle(preset.changes), defaults) as RecipeInput
}

/** All presets with their whole recipes written out. */
export function recipePresets(): readonly RecipePreset[] {
  return presets.map(({ name, title, description }) => ({ name, title, description, yaml: `# ${title}. ${description}\n${recipeYaml(recipeSchema.parse(presetInput(name)))}` }))
}
