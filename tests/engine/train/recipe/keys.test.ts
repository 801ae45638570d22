import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keyPaths, unknownKeyHint } from '../../../../src/engine/train/recipe/keys'
import { keyNotes } from '../../../../src/engine/train/recipe/notes'
import { keyTable, unsupportedTable } from '../../../helpers/recipe-tables'

const documentation = readFileSync(join(import.meta.dirname, '../../../../docs/recipes.md'), 'utf8')

/** Arguments of main_dino.py and keys of ssl_default_config.yaml that are not of one parameter group or one machine. */
const dinoArguments =
  'arch patch_size out_dim norm_last_layer momentum_teacher use_bn_in_head warmup_teacher_temp teacher_temp warmup_teacher_temp_epochs use_fp16 weight_decay weight_decay_end clip_grad batch_size_per_gpu epochs freeze_last_layer lr warmup_epochs min_lr optimizer drop_path_rate global_crops_scale local_crops_number local_crops_scale data_path output_dir saveckp_freq seed num_workers dist_url local_rank'.split(
    ' ',
  )
const dinov2Keys =
  'compute_precision dino.loss_weight dino.head_n_prototypes dino.head_bottleneck_dim dino.head_nlayers dino.head_hidden_dim dino.koleo_loss_weight ibot.loss_weight ibot.mask_sample_probability ibot.mask_ratio_min_max ibot.separate_head ibot.head_n_prototypes ibot.head_bottleneck_dim ibot.head_nlayers ibot.head_hidden_dim train.batch_size_per_gpu train.dataset_path train.output_dir train.saveckp_freq train.seed train.num_workers train.OFFICIAL_EPOCH_LENGTH train.cache_dataset train.centering student.arch student.patch_size student.drop_path_rate student.layerscale student.drop_path_uniform student.pretrained_weights student.ffn_layer student.block_chunks student.qkv_bias student.proj_bias student.ffn_bias student.num_register_tokens student.interpolate_antialias student.interpolate_offset teacher.momentum_teacher teacher.final_momentum_teacher teacher.warmup_teacher_temp teacher.teacher_temp teacher.warmup_teacher_temp_epochs optim.epochs optim.weight_decay optim.weight_decay_end optim.base_lr optim.warmup_epochs optim.min_lr optim.clip_grad optim.freeze_last_layer_epochs optim.scaling_rule optim.patch_embed_lr_mult optim.layerwise_decay optim.adamw_beta1 optim.adamw_beta2 crops.global_crops_scale crops.local_crops_number crops.local_crops_scale crops.global_crops_size crops.local_crops_size evaluation.eval_period_iterations'.split(
    ' ',
  )

describe('every key', () => {
  it('has a note, and every note is of a key', () => {
    expect(Object.keys(keyNotes).toSorted()).toEqual([...keyPaths].toSorted())
  })

  it('is in the documentation, with its defaults and its names elsewhere', () => {
    expect(documentation.split('\n').filter((line) => line.startsWith('| `') && /^\| `[a-z_0-9.]+` \|/.test(line) && line.split(' | ').length >= 6)).toEqual(keyTable().slice(2))
    expect(documentation).toContain(unsupportedTable().join('\n'))
  })
})

describe('every key of a reference', () => {
  it.each(dinoArguments)('DINO --%s has a place here, or a reason why not', (name) => {
    const known = Object.values(keyNotes).some(({ dino }) => dino === `--${name}` || dino?.startsWith(`--${name} `))
    expect(known || unknownKeyHint(name).startsWith('; not supported: ')).toBe(true)
  })

  it.each(dinov2Keys)('DINOv2 %s has a place here, or a reason why not', (name) => {
    const known = Object.values(keyNotes).some(({ dinov2 }) => dinov2?.split(', ').includes(name) ?? false)
    expect(known || unknownKeyHint(name.split('.').at(-1) ?? name).startsWith('; not supported: ')).toBe(true)
  })
})

describe('a hint', () => {
  it.each([
    ['warmpu', '; did you mean optimiser.warmup?'],
    ['presett', '; did you mean preset?'],
    ['crop', '; did you mean crops?'],
    ['crops.blurr', '; did you mean crops.blur?'],
    ['model.patchsize', '; did you mean model.patch_size?'],
    ['student.arch', '; did you mean model.arch?'],
    ['num_workers', '; did you mean run.workers?'],
    ['block_chunks', '; not supported: it splits the model over several GPUs and changes no number'],
    ['something_else', ''],
  ])('for %s', (path, hint) => {
    expect(unknownKeyHint(path)).toBe(hint)
  })
})
