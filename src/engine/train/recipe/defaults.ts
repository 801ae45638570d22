/** @file What each method does where a recipe says nothing: the references' own defaults. */
import type { TrainMethod } from '../../contract'
import type { RecipeInput } from './schema'

const watch: RecipeInput['watch'] = { log_every: 10, probe_every: '2%', probe_pictures: 6, knn_every: '5%', knn_k: 20, collapse_guard: true }
const checkpoint: RecipeInput['checkpoint'] = { every_minutes: 10, every_steps: 0, keep_best: true }
const head = { head_n_prototypes: 65_536, head_hidden_dim: 2048, head_bottleneck_dim: 256, head_nlayers: 3 } as const
const jitter: RecipeInput['crops']['color_jitter'] = { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 }
const masks = { mask_sample_probability: 0.5, mask_ratio_min_max: [0.1, 0.5] } as const

/** Source: dino/main_dino.py:41-129 (arguments), :419-464 (augmentation); dino/vision_transformer.py. */
const dino: RecipeInput = {
  method: 'dino',
  seed: 0,
  init: 'auto',
  model: {
    arch: 's',
    dim: 'auto',
    depth: 'auto',
    heads: 'auto',
    patch_size: 16,
    image_size: 224,
    ffn_layer: 'mlp',
    num_register_tokens: 0,
    layerscale: 0,
    interpolate_antialias: false,
    interpolate_offset: 0.1,
    drop_path_rate: 0.1,
    drop_path_uniform: false,
    drop_path_kind: 'per-sample',
  },
  dino: { loss_weight: 1, koleo_loss_weight: 0, student_temp: 0.1, norm_last_layer: true, ...head },
  ibot: { loss_weight: 0, ...masks, separate_head: false, ...head },
  teacher: {
    model: 'none',
    momentum_teacher: 0.996,
    final_momentum_teacher: 1,
    warmup_teacher_temp: 0.04,
    teacher_temp: 0.04,
    teacher_temp_warmup: '0 epochs',
    centering: 'centering',
    center_momentum: 0.9,
  },
  crops: {
    global_crops_size: 224,
    global_crops_scale: [0.4, 1],
    local_crops_size: 96,
    local_crops_scale: [0.05, 0.4],
    local_crops_number: 8,
    horizontal_flip: 0.5,
    color_jitter: jitter,
    grayscale: 0.2,
    blur: { kind: 'pil', sigma: [0.1, 2], kernel: 9, global_1: 1, global_2: 0.1, local: 0.5, inverted_blur_probability: false },
    solarize: { global_2: 0.2, threshold: 128 },
  },
  optimiser: {
    lr: 0.0005,
    scaling_rule: 'linear_wrt_256',
    min_lr: 1e-6,
    warmup: '10 epochs',
    weight_decay: 0.04,
    weight_decay_end: 0.4,
    adamw_beta1: 0.9,
    adamw_beta2: 0.999,
    adamw_eps: 1e-8,
    clip_grad: 3,
    clip_kind: 'per-parameter',
    freeze_last_layer: '1 epochs',
    layerwise_decay: 1,
    patch_embed_lr_mult: 1,
  },
  run: {
    epochs: 100,
    steps: 'auto',
    epoch_length: 'auto',
    batch: 64,
    accumulate: 1,
    precision: 'auto',
    recompute_activations: false,
    memory_budget_gb: 'auto',
    workers: 'auto',
    cache_gb: 1,
  },
  checkpoint,
  watch,
}

/** Source: dinov2/configs/ssl_default_config.yaml; dinov2/data/augmentations.py. */
const dinov2: RecipeInput = {
  ...dino,
  method: 'dinov2',
  model: {
    ...dino.model,
    arch: 'l',
    layerscale: 1e-5,
    drop_path_rate: 0.3,
    drop_path_uniform: true,
    drop_path_kind: 'batch-subset',
  },
  dino: { ...dino.dino, koleo_loss_weight: 0.1, norm_last_layer: false },
  ibot: { ...dino.ibot, loss_weight: 1 },
  teacher: { ...dino.teacher, momentum_teacher: 0.992, teacher_temp: 0.07, teacher_temp_warmup: '30 epochs' },
  crops: {
    ...dino.crops,
    global_crops_scale: [0.32, 1],
    local_crops_scale: [0.05, 0.32],
    blur: { ...dino.crops.blur, kind: 'torchvision', inverted_blur_probability: true },
  },
  optimiser: {
    ...dino.optimiser,
    lr: 0.004,
    scaling_rule: 'sqrt_wrt_1024',
    clip_kind: 'per-submodule',
    layerwise_decay: 0.9,
    patch_embed_lr_mult: 0.2,
  },
  run: { ...dino.run, epoch_length: 1250 },
}

/**
 * What DINOv2's smaller models were distilled with: no masks, no stochastic depth, a fixed rate for all layers. Prototypes
 * are fewer than the published 131,072, which fit a batch of 2048.
 * Source: DINOv2 (arXiv 2304.07193) §5 and table 16; dinov2/configs/train/vitg14.yaml. 1e-3 at 2048 pictures is 7e-4 at 1024.
 */
const distill: RecipeInput = {
  ...dinov2,
  method: 'distill',
  model: { ...dinov2.model, arch: 's', drop_path_rate: 0 },
  dino: { ...dinov2.dino, head_n_prototypes: 4096 },
  ibot: { ...dinov2.ibot, mask_sample_probability: 0, separate_head: true, head_n_prototypes: 4096 },
  teacher: { ...dinov2.teacher, model: 'auto', momentum_teacher: 0.994, centering: 'sinkhorn_knopp' },
  optimiser: { ...dinov2.optimiser, lr: 0.0007, weight_decay_end: 0.2, layerwise_decay: 1 },
}

const defaults: Readonly<Record<TrainMethod, RecipeInput>> = { dino, dinov2, distill }

/** The whole default recipe of a method. */
export function methodDefaults(method: TrainMethod): RecipeInput {
  return defaults[method]
}
