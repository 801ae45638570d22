/** @file What every key of a recipe means, and what the references call it. Comments of written recipes and docs/recipes.md come from here. */

export interface KeyNote {
  /** Meaning, unit and special values, in one line. */
  readonly note: string
  /** Argument of DINO's main_dino.py, or the place in its code where it is fixed. */
  readonly dino?: string
  /** Key of DINOv2's configuration, or the place in its code where it is fixed. */
  readonly dinov2?: string
}

const jitterSource = { dino: 'main_dino.py:419-464', dinov2: 'data/augmentations.py' }
const head = (which: 'dino' | 'ibot'): Readonly<Record<string, KeyNote>> => {
  const note = (text: string, dino: string, key: string): KeyNote => ({ note: text, ...(which === 'dino' ? { dino } : {}), dinov2: `${which}.${key}` })
  const of = which === 'dino' ? '' : '; used with separate_head'
  return {
    [`${which}.head_n_prototypes`]: note(`outputs of the head${of}`, '--out_dim', 'head_n_prototypes'),
    [`${which}.head_hidden_dim`]: note(`width of the head's hidden layers${of}`, 'vision_transformer.py:257-291', 'head_hidden_dim'),
    [`${which}.head_bottleneck_dim`]: note(`width before the prototypes${of}`, 'vision_transformer.py:257-291', 'head_bottleneck_dim'),
    [`${which}.head_nlayers`]: note(`linear layers before the prototypes${of}`, 'vision_transformer.py:257-291', 'head_nlayers'),
  }
}

/** By dotted path, in the order of the file. */
export const keyNotes: Readonly<Record<string, KeyNote>> = {
  method: { note: 'dino | dinov2 | distill: learn from a frozen teacher' },
  seed: { note: 'of weights, order, crops and masks', dino: '--seed', dinov2: 'train.seed' },
  init: { note: 'auto: pretrained weights where there are some | scratch' },
  'model.arch': { note: 'ti | s | b | l | g | custom', dino: '--arch', dinov2: 'student.arch' },
  'model.dim': { note: 'width; auto: of arch, a number with arch: custom' },
  'model.depth': { note: 'blocks; auto: of arch, a number with arch: custom' },
  'model.heads': { note: 'attention heads; auto: of arch, a number with arch: custom' },
  'model.patch_size': { note: 'pixels', dino: '--patch_size', dinov2: 'student.patch_size' },
  'model.image_size': { note: 'pixels of the picture that the position grid is made for', dino: 'vision_transformer.py:136 (224)', dinov2: 'crops.global_crops_size' },
  'model.ffn_layer': { note: 'mlp | swiglu', dinov2: 'student.ffn_layer' },
  'model.num_register_tokens': { note: 'extra tokens that take up what is global', dinov2: 'student.num_register_tokens' },
  'model.layerscale': { note: 'start of the learned factor of each branch; 0: no such factor', dinov2: 'student.layerscale' },
  'model.interpolate_antialias': { note: 'smooth position embeddings when they are made smaller', dinov2: 'student.interpolate_antialias' },
  'model.interpolate_offset': { note: 'added to the grid when position embeddings are resized', dino: 'vision_transformer.py:186', dinov2: 'student.interpolate_offset' },
  'model.drop_path_rate': { note: 'share of residual branches left out in training (student only)', dino: '--drop_path_rate', dinov2: 'student.drop_path_rate' },
  'model.drop_path_uniform': { note: 'true: that rate in every block; false: rising from 0', dino: 'vision_transformer.py:149 (false)', dinov2: 'student.drop_path_uniform' },
  'model.drop_path_kind': { note: 'per-sample: each by chance | batch-subset: an exact share of the batch', dino: 'per-sample', dinov2: 'layers/block.py:268-300' },
  'dino.loss_weight': { note: 'of the loss between views', dinov2: 'dino.loss_weight' },
  'dino.koleo_loss_weight': { note: 'of the loss that spreads features; not in dino', dinov2: 'dino.koleo_loss_weight' },
  'dino.student_temp': { note: 'temperature of the student', dino: 'main_dino.py:364 (0.1)', dinov2: 'loss/dino_clstoken_loss.py (0.1)' },
  'dino.norm_last_layer': { note: 'fix the norm of every prototype at 1: steadier, a little worse', dino: '--norm_last_layer', dinov2: 'layers/dino_head.py:27-28 (false)' },
  ...head('dino'),
  'ibot.loss_weight': { note: 'of the loss on hidden patches, in distill on all of them; not in dino', dinov2: 'ibot.loss_weight' },
  'ibot.mask_sample_probability': { note: 'share of the global crops that are masked; 0 in distill', dinov2: 'ibot.mask_sample_probability' },
  'ibot.mask_ratio_min_max': { note: 'share of their patches that is hidden', dinov2: 'ibot.mask_ratio_min_max' },
  'ibot.separate_head': { note: 'false: patches go through the head of dino', dinov2: 'ibot.separate_head' },
  ...head('ibot'),
  'teacher.model': { note: 'distill: the frozen teacher, a model, a file or run:ID; auto: the smallest trained one that is larger. Else none' },
  'teacher.momentum_teacher': { note: 'share of itself that the teacher (distill: the spare average of the student) keeps at a step, at the start', dino: '--momentum_teacher', dinov2: 'teacher.momentum_teacher' },
  'teacher.final_momentum_teacher': { note: 'and at the end (cosine)', dino: 'main_dino.py:249 (1)', dinov2: 'teacher.final_momentum_teacher' },
  'teacher.warmup_teacher_temp': { note: 'temperature of the teacher at the start', dino: '--warmup_teacher_temp', dinov2: 'teacher.warmup_teacher_temp' },
  'teacher.teacher_temp': { note: 'and after its warmup; above 0.07 is rarely stable', dino: '--teacher_temp', dinov2: 'teacher.teacher_temp' },
  'teacher.teacher_temp_warmup': {
    note: 'epochs, steps or % of the run; dino counts whole epochs in epochs, else step by step',
    dino: '--warmup_teacher_temp_epochs',
    dinov2: 'teacher.warmup_teacher_temp_epochs',
  },
  'teacher.centering': { note: 'centering | sinkhorn_knopp (not in dino)', dino: 'centering', dinov2: 'train.centering' },
  'teacher.center_momentum': { note: 'share of itself that the centre keeps at a step', dino: 'main_dino.py:365 (0.9)', dinov2: 'loss/dino_clstoken_loss.py (0.9)' },
  'crops.global_crops_size': { note: 'pixels; two of them', dino: 'main_dino.py:438 (224)', dinov2: 'crops.global_crops_size' },
  'crops.global_crops_scale': { note: "share of the picture's area", dino: '--global_crops_scale', dinov2: 'crops.global_crops_scale' },
  'crops.local_crops_size': { note: 'pixels', dino: 'main_dino.py:454 (96)', dinov2: 'crops.local_crops_size' },
  'crops.local_crops_scale': { note: "share of the picture's area", dino: '--local_crops_scale', dinov2: 'crops.local_crops_scale' },
  'crops.local_crops_number': { note: 'small crops of each picture, seen by the student alone; 0: none', dino: '--local_crops_number', dinov2: 'crops.local_crops_number' },
  'crops.horizontal_flip': { note: 'probability', ...jitterSource },
  'crops.color_jitter.probability': { note: 'of changing colours at all', ...jitterSource },
  'crops.color_jitter.brightness': { note: 'factor 1 ± this', ...jitterSource },
  'crops.color_jitter.contrast': { note: 'factor 1 ± this', ...jitterSource },
  'crops.color_jitter.saturation': { note: 'factor 1 ± this', ...jitterSource },
  'crops.color_jitter.hue': { note: '± this share of the colour circle', ...jitterSource },
  'crops.grayscale': { note: 'probability', ...jitterSource },
  'crops.blur.kind': { note: "pil: PIL's GaussianBlur | torchvision: a kernel of given size", dino: 'utils.py:38-57 (pil)', dinov2: 'data/transforms.py (torchvision)' },
  'crops.blur.sigma': { note: 'pixels, from … to', dino: 'utils.py:38-57', dinov2: 'data/transforms.py' },
  'crops.blur.kernel': { note: 'pixels, odd; torchvision only', dinov2: 'data/transforms.py (9)' },
  'crops.blur.global_1': { note: 'probability for the first global crop', ...jitterSource },
  'crops.blur.global_2': { note: 'probability for the second', ...jitterSource },
  'crops.blur.local': { note: 'probability for local crops', ...jitterSource },
  'crops.blur.inverted_blur_probability': {
    note: "true: blur with 1 - probability, as DINOv2's code does and its released models were trained",
    dino: 'false',
    dinov2: 'data/transforms.py:17-21 (true)',
  },
  'crops.solarize.global_2': { note: 'probability for the second global crop', ...jitterSource },
  'crops.solarize.threshold': { note: 'levels from here on are inverted, 0 to 256', dino: 'utils.py:60-72 (128)', dinov2: 'data/augmentations.py (128)' },
  'optimiser.lr': { note: 'AdamW learning rate after the warmup, before scaling', dino: '--lr', dinov2: 'optim.base_lr' },
  'optimiser.scaling_rule': { note: 'linear_wrt_256 | sqrt_wrt_1024 | none: by batch × accumulate', dino: 'main_dino.py:238 (linear)', dinov2: 'optim.scaling_rule' },
  'optimiser.min_lr': { note: 'at the end (cosine), not scaled', dino: '--min_lr', dinov2: 'optim.min_lr' },
  'optimiser.warmup': { note: 'of the learning rate, from 0: epochs, steps or % of the run', dino: '--warmup_epochs', dinov2: 'optim.warmup_epochs' },
  'optimiser.weight_decay': { note: 'at the start', dino: '--weight_decay', dinov2: 'optim.weight_decay' },
  'optimiser.weight_decay_end': { note: 'at the end (cosine)', dino: '--weight_decay_end', dinov2: 'optim.weight_decay_end' },
  'optimiser.adamw_beta1': { note: 'memory of the mean gradient', dino: 'torch default', dinov2: 'optim.adamw_beta1' },
  'optimiser.adamw_beta2': { note: 'memory of the squared gradient', dino: 'torch default', dinov2: 'optim.adamw_beta2' },
  'optimiser.adamw_eps': { note: 'added to its root', dino: 'torch default', dinov2: 'torch default' },
  'optimiser.clip_grad': { note: 'largest gradient norm; 0: no clipping', dino: '--clip_grad', dinov2: 'optim.clip_grad' },
  'optimiser.clip_kind': { note: 'per-parameter | per-submodule: what the norm is taken over', dino: 'utils.py:132-141', dinov2: 'train/train.py:249-259' },
  'optimiser.freeze_last_layer': {
    note: 'prototypes stay as they are so long: epochs, steps or %',
    dino: '--freeze_last_layer',
    dinov2: 'optim.freeze_last_layer_epochs',
  },
  'optimiser.layerwise_decay': { note: 'each block learns this many times as fast as the one above', dino: '1', dinov2: 'optim.layerwise_decay' },
  'optimiser.patch_embed_lr_mult': { note: 'and the patch embedding this many times as fast on top', dino: '1', dinov2: 'optim.patch_embed_lr_mult' },
  'run.epochs': { note: 'times through the pictures', dino: '--epochs', dinov2: 'optim.epochs' },
  'run.steps': { note: 'auto: epochs × epoch length; a number is used instead of epochs' },
  'run.epoch_length': { note: 'steps that count as an epoch; auto: once through the pictures', dinov2: 'train.OFFICIAL_EPOCH_LENGTH' },
  'run.batch': { note: 'pictures at a time; auto: as many as the memory budget holds', dino: '--batch_size_per_gpu', dinov2: 'train.batch_size_per_gpu' },
  'run.accumulate': { note: 'batches whose gradients are summed up for one step' },
  'run.precision': { note: 'auto | float32 | float16: of the computation; weights are always float32', dino: '--use_fp16', dinov2: 'compute_precision' },
  'run.recompute_activations': { note: 'less memory for about a third more time' },
  'run.memory_budget_gb': { note: 'GB; auto: half of what is free' },
  'run.workers': { note: 'threads that decode and crop; auto: by the number of cores', dino: '--num_workers', dinov2: 'train.num_workers' },
  'run.cache_gb': { note: 'GB of decoded pictures that are kept', dinov2: 'train.cache_dataset' },
  'checkpoint.every_minutes': { note: '0: not by time' },
  'checkpoint.every_steps': { note: '0: not by steps', dino: '--saveckp_freq (epochs)', dinov2: 'train.saveckp_freq, evaluation.eval_period_iterations' },
  'checkpoint.keep_best': { note: 'keep the one of the best k-NN accuracy besides the last two' },
  'watch.log_every': { note: 'steps between two lines of the log' },
  'watch.probe_every': { note: 'attention and PCA of the same pictures: epochs, steps or %; 0: never' },
  'watch.probe_pictures': { note: 'how many' },
  'watch.knn_every': { note: 'k-NN accuracy, where pictures lie in class folders: epochs, steps or %; 0: never' },
  'watch.knn_k': { note: 'neighbours that vote', dino: 'eval_knn.py (20)', dinov2: 'nb_knn' },
  'watch.collapse_guard': { note: 'warn when the outputs become all alike' },
}

/** Keys of the references that have no meaning here, and why. */
export const unsupportedKeys: readonly { readonly names: readonly string[]; readonly why: string }[] = [
  { names: ['use_bn_in_head'], why: 'heads without batch normalisation are what all released models have' },
  { names: ['optimizer'], why: 'AdamW, set in the group optimiser, is that of every released ViT; SGD and LARS are for convolutional networks' },
  { names: ['data_path', 'dataset_path', 'train_dataset_str', 'val_dataset_str'], why: 'a run is given its pictures when it starts' },
  { names: ['output_dir'], why: 'a run is given its folder when it starts' },
  { names: ['WEIGHTS', 'pretrained_weights', 'resume_from_teacher_chkpt'], why: 'a run is given its initial weights when it starts' },
  { names: ['dist_url', 'local_rank', 'world_size', 'grad_scaler', 'sharding_strategy', 'mixed_precision'], why: 'a run uses one device; run.precision chooses how it computes' },
  { names: ['block_chunks'], why: 'it splits the model over several GPUs and changes no number' },
  { names: ['qkv_bias', 'proj_bias', 'ffn_bias'], why: 'every released model has these biases' },
]
