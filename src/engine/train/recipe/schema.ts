/** @file The form of a recipe: every key, its kind and its range. What the keys mean is in `notes.ts`; defaults are in `defaults.ts`. */
import { z } from 'zod'
import { durationSchema } from './duration'

const share = z.number().min(0).max(1)
const positive = z.number().positive()
const notNegative = z.number().min(0)
const whole = (smallest: number, largest: number): z.ZodInt => z.int().min(smallest).max(largest)
const autoOr = <S extends z.ZodType>(schema: S): z.ZodUnion<[z.ZodLiteral<'auto'>, S]> => z.union([z.literal('auto'), schema])
const scale = z.tuple([z.number().positive().max(1), z.number().positive().max(1)])

const maxSteps = 1_000_000_000
const head = {
  head_n_prototypes: whole(2, 1_000_000),
  head_hidden_dim: whole(1, 65_536),
  head_bottleneck_dim: whole(1, 65_536),
  head_nlayers: whole(1, 8),
}

export const recipeSchema = z.strictObject({
  method: z.enum(['dino', 'dinov2', 'distill']),
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  init: z.enum(['auto', 'scratch']),
  model: z.strictObject({
    arch: z.enum(['ti', 's', 'b', 'l', 'g', 'custom']),
    dim: autoOr(whole(1, 8192)),
    depth: autoOr(whole(1, 200)),
    heads: autoOr(whole(1, 256)),
    patch_size: whole(1, 128),
    image_size: whole(1, 4096),
    ffn_layer: z.enum(['mlp', 'swiglu']),
    num_register_tokens: whole(0, 64),
    layerscale: notNegative,
    interpolate_antialias: z.boolean(),
    interpolate_offset: notNegative.max(0.5),
    drop_path_rate: z.number().min(0).max(0.95),
    drop_path_uniform: z.boolean(),
    drop_path_kind: z.enum(['per-sample', 'batch-subset']),
  }),
  dino: z.strictObject({
    loss_weight: notNegative,
    koleo_loss_weight: notNegative,
    student_temp: positive,
    norm_last_layer: z.boolean(),
    ...head,
  }),
  ibot: z.strictObject({
    loss_weight: notNegative,
    mask_sample_probability: share,
    mask_ratio_min_max: z.tuple([share, share]),
    separate_head: z.boolean(),
    ...head,
  }),
  teacher: z.strictObject({
    model: z.string().min(1).max(4096),
    momentum_teacher: share,
    final_momentum_teacher: share,
    warmup_teacher_temp: positive,
    teacher_temp: positive,
    teacher_temp_warmup: durationSchema,
    centering: z.enum(['centering', 'sinkhorn_knopp']),
    center_momentum: share,
  }),
  crops: z.strictObject({
    global_crops_size: whole(1, 2048),
    global_crops_scale: scale,
    local_crops_size: whole(1, 2048),
    local_crops_scale: scale,
    local_crops_number: whole(0, 64),
    horizontal_flip: share,
    color_jitter: z.strictObject({
      probability: share,
      brightness: notNegative.max(100),
      contrast: notNegative.max(100),
      saturation: notNegative.max(100),
      hue: notNegative.max(0.5),
    }),
    grayscale: share,
    blur: z.strictObject({
      kind: z.enum(['pil', 'torchvision']),
      sigma: z.tuple([positive.max(1000), positive.max(1000)]),
      kernel: whole(1, 255),
      global_1: share,
      global_2: share,
      local: share,
      inverted_blur_probability: z.boolean(),
    }),
    solarize: z.strictObject({ global_2: share, threshold: whole(0, 256) }),
  }),
  optimiser: z.strictObject({
    lr: positive,
    scaling_rule: z.enum(['linear_wrt_256', 'sqrt_wrt_1024', 'none']),
    min_lr: notNegative,
    warmup: durationSchema,
    weight_decay: notNegative,
    weight_decay_end: notNegative,
    adamw_beta1: share.lt(1),
    adamw_beta2: share.lt(1),
    adamw_eps: positive,
    clip_grad: notNegative,
    clip_kind: z.enum(['per-parameter', 'per-submodule']),
    freeze_last_layer: durationSchema,
    layerwise_decay: positive.max(1),
    patch_embed_lr_mult: notNegative.max(10),
  }),
  run: z.strictObject({
    epochs: whole(1, 1_000_000),
    steps: autoOr(whole(1, maxSteps)),
    epoch_length: autoOr(whole(1, maxSteps)),
    batch: autoOr(whole(1, 65_536)),
    accumulate: whole(1, 65_536),
    precision: z.enum(['auto', 'float32', 'float16']),
    recompute_activations: z.boolean(),
    memory_budget_gb: autoOr(positive),
    workers: autoOr(whole(0, 64)),
    cache_gb: notNegative,
  }),
  checkpoint: z.strictObject({
    every_minutes: notNegative,
    every_steps: whole(0, maxSteps),
    keep_best: z.boolean(),
  }),
  watch: z.strictObject({
    log_every: whole(1, maxSteps),
    probe_every: durationSchema,
    probe_pictures: whole(0, 64),
    knn_every: durationSchema,
    knn_k: whole(1, 1000),
    collapse_guard: z.boolean(),
  }),
})

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T
type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined } : T

/** A whole recipe: every key, under the names of the file. */
export type Recipe = DeepReadonly<z.output<typeof recipeSchema>>
/** A whole recipe as a person may write it (durations as bare numbers). */
export type RecipeInput = DeepReadonly<z.input<typeof recipeSchema>>
/** Some keys of a recipe. */
export type RecipeOverrides = DeepPartial<RecipeInput>
