/** @file What must hold between the keys of a recipe, each as a sentence for a person. */
import { scaledLearningRate } from '../../optim'
import { maskOptions } from './crops'
import { durationParts, type Duration } from './duration'
import type { Recipe } from './schema'

export interface RuleBreach {
  /** The key to change, dotted. */
  readonly path: string
  readonly message: string
  /** Other keys the rule looks at; where one of them is itself wrong, nothing is said. */
  readonly besides: readonly string[]
}

type Rule = (recipe: Recipe) => readonly (RuleBreach | false)[]

const breach = (holds: boolean, path: string, besides: readonly string[], message: string): RuleBreach | false => !holds && { path, message, besides }

const architecture: Rule = ({ model }) => {
  const sizes = ['dim', 'depth', 'heads'] as const
  if (model.arch !== 'custom')
    return sizes.map((key) => breach(model[key] === 'auto', `model.${key}`, ['model.arch'], `is given by arch: ${model.arch}; leave it auto, or say arch: custom`))
  const { dim, heads } = model
  return [
    ...sizes.map((key) => breach(model[key] !== 'auto', `model.${key}`, ['model.arch'], 'must be a number with arch: custom')),
    dim !== 'auto' && heads !== 'auto' && breach(dim % heads === 0, 'model.heads', ['model.arch', 'model.dim'], `must divide the width: ${dim} is not a multiple of ${heads}`),
  ]
}

const pixels: Rule = ({ model, crops }) => {
  const patch = model.patch_size
  const wholePatches = (path: string, size: number): RuleBreach | false =>
    breach(size % patch === 0, path, ['model.patch_size'], `must be a multiple of the patch size ${patch}, for example ${Math.max(1, Math.round(size / patch)) * patch}, not ${size}`)
  const local = crops.local_crops_number > 0
  return [
    wholePatches('model.image_size', model.image_size),
    wholePatches('crops.global_crops_size', crops.global_crops_size),
    local && wholePatches('crops.local_crops_size', crops.local_crops_size),
    local &&
      breach(
        crops.local_crops_size <= crops.global_crops_size,
        'crops.local_crops_size',
        ['crops.global_crops_size', 'crops.local_crops_number'],
        `local crops of ${crops.local_crops_size} pixels are larger than the global ones of ${crops.global_crops_size}`,
      ),
    breach(crops.blur.kernel % 2 === 1, 'crops.blur.kernel', [], `must be odd, not ${crops.blur.kernel}`),
  ]
}

const rising: Rule = ({ crops, ibot, teacher }) => {
  const pair = (path: string, [from, to]: readonly [number, number]): RuleBreach | false => breach(from <= to, path, [], `must rise: [${from}, ${to}] is written from large to small`)
  return [
    pair('crops.global_crops_scale', crops.global_crops_scale),
    pair('crops.local_crops_scale', crops.local_crops_scale),
    pair('crops.blur.sigma', crops.blur.sigma),
    pair('ibot.mask_ratio_min_max', ibot.mask_ratio_min_max),
    breach(
      teacher.momentum_teacher <= teacher.final_momentum_teacher,
      'teacher.momentum_teacher',
      ['teacher.final_momentum_teacher'],
      `must be at most final_momentum_teacher (${teacher.final_momentum_teacher}): the teacher gets slower as it gets better`,
    ),
  ]
}

const losses: Rule = ({ method, dino, ibot, teacher }) => {
  const needsDinov2 = 'belongs to DINOv2; set method: dinov2'
  const isV2 = method !== 'dino'
  return [
    breach(dino.loss_weight + dino.koleo_loss_weight + ibot.loss_weight > 0, 'dino.loss_weight', ['dino.koleo_loss_weight', 'ibot.loss_weight'], 'every loss has weight 0: there is nothing to learn'),
    breach(isV2 || ibot.loss_weight === 0, 'ibot.loss_weight', ['method'], `must be 0: iBOT ${needsDinov2}`),
    breach(isV2 || dino.koleo_loss_weight === 0, 'dino.koleo_loss_weight', ['method'], `must be 0: KoLeo ${needsDinov2}`),
    breach(isV2 || teacher.centering === 'centering', 'teacher.centering', ['method'], `must be centering: Sinkhorn-Knopp ${needsDinov2}`),
  ]
}

const distillation: Rule = ({ method, ibot, teacher }) => {
  if (method !== 'distill') return [breach(teacher.model === 'none', 'teacher.model', ['method'], `must be none: in ${method} the teacher is an average of the student; set method: distill to learn from a model`)]
  return [
    breach(teacher.model !== 'none', 'teacher.model', ['method'], 'must name the model to learn from: auto, a model, a file or run:ID'),
    breach(ibot.mask_sample_probability === 0, 'ibot.mask_sample_probability', ['method'], 'must be 0: a distilled student sees every patch and answers for all of them'),
    breach(ibot.separate_head || ibot.loss_weight === 0, 'ibot.separate_head', ['method', 'ibot.loss_weight'], 'must be true: what the teacher tells patches apart by is not what it tells pictures apart by'),
  ]
}

const batch: Rule = (recipe) => {
  const { run, dino } = recipe
  if (run.batch === 'auto') return []
  const masks = maskOptions(recipe, run.batch)
  const patches = masks === undefined ? 0 : masks.grid.height * masks.grid.width
  return [
    breach(dino.koleo_loss_weight === 0 || run.batch >= 2, 'run.batch', ['dino.koleo_loss_weight'], 'must be at least 2: KoLeo compares the pictures of a batch with each other'),
    masks !== undefined &&
      breach(
        Math.floor(masks.crops * masks.sampleProbability) >= 1,
        'ibot.mask_sample_probability',
        ['run.batch', 'ibot.loss_weight'],
        `of ${masks.crops} global crops, a share of ${masks.sampleProbability} masks none; iBOT would have nothing to learn from`,
      ),
    masks !== undefined &&
      breach(
        Math.floor(patches * masks.ratio[0]) >= 1,
        'ibot.mask_ratio_min_max',
        ['crops.global_crops_size', 'model.patch_size', 'ibot.loss_weight'],
        `of the ${patches} patches of a global crop, a share of ${masks.ratio[0]} hides none; write at least ${Math.ceil(1000 / patches) / 1000}`,
      ),
  ]
}

const optimisation: Rule = ({ optimiser, run, checkpoint }) => {
  const lr = run.batch === 'auto' ? Infinity : scaledLearningRate(optimiser.scaling_rule, optimiser.lr, run.batch * run.accumulate)
  return [
    breach(
      optimiser.min_lr <= lr,
      'optimiser.min_lr',
      ['optimiser.lr', 'optimiser.scaling_rule', 'run.batch', 'run.accumulate'],
      `must be at most the learning rate, which is ${Number(lr.toPrecision(4))} after scaling to ${Number(run.batch) * run.accumulate} pictures a step`,
    ),
    breach(checkpoint.every_minutes > 0 || checkpoint.every_steps > 0, 'checkpoint.every_minutes', ['checkpoint.every_steps'], 'and every_steps are both 0: nothing would be saved before the end'),
  ]
}

const lengths: Rule = ({ method, teacher, optimiser, run }) => {
  const fits = (path: string, duration: Duration): RuleBreach | false => {
    const { amount, unit } = durationParts(duration)
    // Epochs and steps compare only once the number of pictures is known; `recipeSchedule` does that.
    const most = unit === 'epochs' && run.steps === 'auto' ? run.epochs : unit === 'steps' && run.steps !== 'auto' ? run.steps : Infinity
    return breach(amount <= most, path, ['run.epochs', 'run.steps'], `${duration} are longer than the whole run of ${most} ${unit}`)
  }
  const warmup = durationParts(teacher.teacher_temp_warmup)
  return [
    fits('optimiser.warmup', optimiser.warmup),
    breach(
      method !== 'dino' || warmup.unit !== 'epochs' || Number.isInteger(warmup.amount),
      'teacher.teacher_temp_warmup',
      ['method'],
      `must be whole epochs, not ${warmup.amount}: DINO changes the temperature once an epoch; write steps or % for a smooth rise`,
    ),
  ]
}

const rules: readonly Rule[] = [architecture, pixels, rising, losses, distillation, batch, optimisation, lengths]

/** Everything between the keys that does not fit, in no particular order. */
export function brokenRules(recipe: Recipe): readonly RuleBreach[] {
  return rules.flatMap((rule) => rule(recipe)).filter((found) => found !== false)
}
