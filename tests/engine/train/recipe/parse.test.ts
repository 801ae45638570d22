import { describe, expect, it } from 'vitest'
import type { RecipeProblem } from '../../../../src/engine/contract'
import { checkRecipe, parseRecipe, presetNames, recipePresets, type RecipeOverrides } from '../../../../src/engine/train/recipe'
import { thrownBy } from '../../../helpers/thrown'

const problemsOf = (yaml: string): readonly RecipeProblem[] => {
  const check = checkRecipe(yaml)
  return check.ok ? [] : check.problems
}

describe('a recipe file', () => {
  it('may be a preset and nothing else', () => {
    expect(presetNames.map((name) => parseRecipe(`preset: ${name}`))).toEqual(recipePresets().map(({ yaml }) => parseRecipe(yaml)))
  })

  it('may be a method alone, with the defaults of its reference', () => {
    expect(parseRecipe('method: dino')).toMatchObject({ model: { arch: 's', patch_size: 16 }, teacher: { teacher_temp: 0.04, momentum_teacher: 0.996 }, optimiser: { lr: 0.0005 } })
    expect(parseRecipe('method: dinov2')).toMatchObject({ model: { arch: 'l', layerscale: 1e-5 }, teacher: { teacher_temp: 0.07, momentum_teacher: 0.992 }, optimiser: { lr: 0.004 } })
  })

  it('changes the keys it names and leaves their neighbours', () => {
    const before = parseRecipe('preset: tiny-smoke')
    const after = parseRecipe('preset: tiny-smoke\ncrops:\n  blur: {sigma: [0.5, 1]}\nseed: 7\n')
    expect(after).toEqual({ ...before, seed: 7, crops: { ...before.crops, blur: { ...before.crops.blur, sigma: [0.5, 1] } } })
  })

  it('takes a key set to null back to the default of the method, and a group too', () => {
    const defaults = parseRecipe('method: dino')
    const recipe = parseRecipe('preset: tiny-smoke\nmodel:\n  patch_size: null\nwatch: null\n')
    expect({ patch: recipe.model.patch_size, watch: recipe.watch }).toEqual({ patch: 16, watch: defaults.watch })
  })

  it('reads durations as numbers of epochs, epochs, steps and shares of the run', () => {
    const read = (text: string): string => parseRecipe(`preset: dino-vits16\noptimiser: {warmup: ${text}}`).optimiser.warmup
    expect(['3', '0.5', '1 epoch', '20 steps', '1 step', '5%', '7.5 %'].map(read)).toEqual(['3 epochs', '0.5 epochs', '1 epochs', '20 steps', '1 steps', '5%', '7.5%'])
  })

  it('that asks for epochs is not held to the steps of its preset, and that asks for an architecture not to its width', () => {
    expect(parseRecipe('preset: tiny-smoke\nrun: {epochs: 3}').run).toMatchObject({ epochs: 3, steps: 'auto' })
    expect(parseRecipe('preset: tiny-smoke\nrun: {epochs: 3, steps: 50}').run).toMatchObject({ epochs: 3, steps: 50 })
    expect(parseRecipe('preset: tiny-smoke\nmodel: {arch: ti}').model).toMatchObject({ arch: 'ti', dim: 'auto', depth: 'auto', heads: 'auto' })
  })

  it('is overridden by what a command line says', () => {
    const overrides: RecipeOverrides = { run: { epochs: 2, batch: 16 }, model: { arch: 's', patch_size: 8 } }
    expect(parseRecipe('preset: tiny-smoke\nrun: {steps: 50}', overrides)).toMatchObject({ run: { epochs: 2, steps: 'auto', batch: 16 }, model: { arch: 's', dim: 'auto', patch_size: 8 } })
  })

  it('may take aliases and comments, as YAML has them', () => {
    expect(parseRecipe('# mine\npreset: tiny-smoke\ncrops:\n  global_crops_scale: &scale [0.5, 1]\n  local_crops_scale: *scale # the same\n').crops.local_crops_scale).toEqual([0.5, 1])
  })
})

describe('what is wrong with a recipe', () => {
  it('is told all at once, by path and line, with what to do', () => {
    const yaml = `preset: tiny-smoke
optimiser:
  lr: -1
  warmup: 10 minutes
  warmpu: 3
model:
  arch: huge
  heads: 3
crops:
  local_crops_size: 20
  global_crops_scale: [1, 0.3]
  blur: {kernel: 4, global_1: 2}
run: {epochs: 0.5, batch: many}
`
    expect(problemsOf(yaml)).toEqual([
      { path: 'optimiser.lr', message: 'must be above 0, not -1', line: 3 },
      { path: 'optimiser.warmup', message: 'must be a number of epochs, or like 10 epochs, 500 steps or 5%, not "10 minutes"', line: 4 },
      { path: 'optimiser.warmpu', message: 'there is no such key; did you mean optimiser.warmup?', line: 5 },
      { path: 'model.arch', message: 'must be one of ti, s, b, l, g, custom, not "huge"', line: 7 },
      { path: 'crops.local_crops_size', message: 'must be a multiple of the patch size 8, for example 24, not 20', line: 10 },
      { path: 'crops.global_crops_scale', message: 'must rise: [1, 0.3] is written from large to small', line: 11 },
      { path: 'crops.blur.global_1', message: 'must be at most 1, not 2', line: 12 },
      { path: 'crops.blur.kernel', message: 'must be odd, not 4', line: 12 },
      { path: 'run.epochs', message: 'must be a whole number, not 0.5', line: 13 },
      { path: 'run.batch', message: 'must be auto or a number, not "many"', line: 13 },
    ])
  })

  it('is an error of code RECIPE that says the first and counts the rest', async () => {
    const error = await thrownBy(() => parseRecipe('preset: tiny-smoke\nseed: -1\ninit: maybe\n'))
    expect(error).toMatchObject({
      code: 'RECIPE',
      message: 'the recipe is not understood: line 2: seed: must be at least 0, not -1 (and 1 more)',
      detail: {
        problems: [
          { path: 'seed', message: 'must be at least 0, not -1', line: 2 },
          { path: 'init', message: 'must be one of auto, scratch, not "maybe"', line: 3 },
        ],
      },
    })
  })

  it.each([
    ['out_dim: 1024', 'out_dim', 'there is no such key; did you mean dino.head_n_prototypes?'],
    ['optim: {lr: 1}', 'optim', 'there is no such key; the group is called optimiser here'],
    ['optimiser: {base_lr: 1}', 'optimiser.base_lr', 'there is no such key; did you mean optimiser.lr?'],
    ['teacher: {koleo_loss_weight: 0}', 'teacher.koleo_loss_weight', 'there is no such key; did you mean dino.koleo_loss_weight?'],
    ['use_bn_in_head: true', 'use_bn_in_head', 'there is no such key; not supported: heads without batch normalisation are what all released models have'],
    ['nonsense: 1', 'nonsense', 'there is no such key'],
    ['constructor: 1', 'constructor', 'there is no such key'],
    ['__proto__: {}', '__proto__', 'there is no such key'],
    ['crops: 5', 'crops', 'must be a group of keys, not 5'],
    ['crops: {global_crops_scale: 0.4}', 'crops.global_crops_scale', 'must be two numbers, as in [0.4, 1], not 0.4'],
    ['crops: {global_crops_scale: [0.4]}', 'crops.global_crops_scale', 'must have two numbers, not [0.4]'],
    ['optimiser: {warmup: 120%}', 'optimiser.warmup', 'must be at most 100%, not "120%"'],
    ['optimiser: {warmup: 1.5 steps}', 'optimiser.warmup', 'must be a whole number of steps, not "1.5 steps"'],
    ['run: {recompute_activations: maybe}', 'run.recompute_activations', 'must be true or false, not "maybe"'],
  ])('%s', (line, path, message) => {
    expect(problemsOf(`preset: tiny-smoke\n${line}\n`)).toEqual([{ path, message, line: 2 }])
  })

  it.each([
    ['', 'the recipe is empty; write at least `preset: NAME` or `method: dino`', undefined],
    ['5', 'a recipe is a list of `key: value` lines', 1],
    ['seed: 1', expect.stringContaining('say what to build upon: `preset: NAME` (dino-'), undefined],
    ['preset: tiny-smoke\nseed: [', expect.stringContaining('not valid YAML: '), 2],
    ['preset: tiny-smoke\nseed: 1\nseed: 2', 'not valid YAML: Map keys must be unique', 3],
  ])('%j is refused as a whole', (yaml, message, line) => {
    expect(problemsOf(yaml)).toEqual([{ path: '', message, line }])
  })

  it.each([
    ['preset: tiny-smok', 'preset', expect.stringContaining('there is no preset "tiny-smok"; did you mean tiny-smoke?')],
    ['preset: 3', 'preset', expect.stringContaining('there is no preset 3')],
    ['method: mae', 'method', 'must be one of dino, dinov2, distill, not "mae"'],
    ['method: dinov2\npreset: dino-vits16', 'method', 'the preset dino-vits16 is a recipe of dino; choose a preset of dinov2, or leave `preset` out'],
  ])('%j builds upon nothing', (yaml, path, message) => {
    expect(problemsOf(yaml)).toEqual([{ path, message, line: 1 }])
  })

  it('may be brackets nested thousands deep, aliases that multiply, or a whole book', () => {
    const laughs = Array.from({ length: 12 }, (_, level) => `a${level}: &a${level} [${level === 0 ? '1' : Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`).join('\n')
    const answers = ['['.repeat(50_000), laughs, `preset: tiny-smoke # ${'x'.repeat(300_000)}`].map(problemsOf)
    expect(answers.map(([first]) => first)).toEqual([
      { path: '', message: expect.stringContaining('not valid YAML'), line: 1 },
      { path: '', message: expect.stringContaining('not valid YAML: '), line: undefined },
      { path: '', message: expect.stringContaining('at most 262144 are read'), line: undefined },
    ])
    expect(answers.every(({ length }) => length <= 5)).toBe(true)
  })
})

describe('keys that must fit together', () => {
  it.each([
    ['model: {heads: 3}', 'model.heads', 'must divide the width: 64 is not a multiple of 3'],
    ['model: {dim: auto}', 'model.dim', 'must be a number with arch: custom'],
    ['model: {arch: ti, dim: 64}', 'model.dim', 'is given by arch: ti; leave it auto, or say arch: custom'],
    ['model: {image_size: 36}', 'model.image_size', 'must be a multiple of the patch size 8, for example 40, not 36'],
    ['crops: {local_crops_size: 40}', 'crops.local_crops_size', 'local crops of 40 pixels are larger than the global ones of 32'],
    ['dino: {loss_weight: 0}', 'dino.loss_weight', 'every loss has weight 0: there is nothing to learn'],
    ['ibot: {loss_weight: 1}', 'ibot.loss_weight', 'must be 0: iBOT belongs to DINOv2; set method: dinov2'],
    ['dino: {koleo_loss_weight: 0.1}', 'dino.koleo_loss_weight', 'must be 0: KoLeo belongs to DINOv2; set method: dinov2'],
    ['teacher: {centering: sinkhorn_knopp}', 'teacher.centering', 'must be centering: Sinkhorn-Knopp belongs to DINOv2; set method: dinov2'],
    ['teacher: {model: run:night}', 'teacher.model', 'must be none: in dino the teacher is an average of the student; set method: distill to learn from a model'],
    ['teacher: {final_momentum_teacher: 0.9}', 'teacher.momentum_teacher', 'must be at most final_momentum_teacher (0.9): the teacher gets slower as it gets better'],
    ['teacher: {teacher_temp_warmup: 1.5}', 'teacher.teacher_temp_warmup', 'must be whole epochs, not 1.5: DINO changes the temperature once an epoch; write steps or % for a smooth rise'],
    ['optimiser: {warmup: 21 steps}', 'optimiser.warmup', '21 steps are longer than the whole run of 20 steps'],
    ['optimiser: {min_lr: 0.01}', 'optimiser.min_lr', 'must be at most the learning rate, which is 0.001 after scaling to 4 pictures a step'],
    ['checkpoint: {every_minutes: 0, every_steps: 0}', 'checkpoint.every_minutes', 'and every_steps are both 0: nothing would be saved before the end'],
  ])('%s', (line, path, message) => {
    expect(problemsOf(`preset: tiny-smoke\n${line}\n`).map((problem) => ({ path: problem.path, message: problem.message }))).toEqual([{ path, message }])
  })

  it.each([
    ['run: {batch: 1}', 'run.batch', 'must be at least 2: KoLeo compares the pictures of a batch with each other'],
    ['run: {batch: 2}\nibot: {mask_sample_probability: 0.2}', 'ibot.mask_sample_probability', 'of 4 global crops, a share of 0.2 masks none; iBOT would have nothing to learn from'],
    ['ibot: {mask_ratio_min_max: [0.001, 0.5]}', 'ibot.mask_ratio_min_max', 'of the 256 patches of a global crop, a share of 0.001 hides none; write at least 0.004'],
    ['optimiser: {warmup: 11 epochs}', 'optimiser.warmup', '11 epochs are longer than the whole run of 10 epochs'],
  ])('in DINOv2: %s', (line, path, message) => {
    expect(problemsOf(`preset: dinov2-vits14-continue\n${line}\n`).map((problem) => ({ path: problem.path, message: problem.message }))).toEqual([{ path, message }])
  })

  it.each([
    ['teacher: {model: none}', 'teacher.model', 'must name the model to learn from: auto, a model, a file or run:ID'],
    ['ibot: {mask_sample_probability: 0.5}', 'ibot.mask_sample_probability', 'must be 0: a distilled student sees every patch and answers for all of them'],
    ['ibot: {separate_head: false}', 'ibot.separate_head', 'must be true: what the teacher tells patches apart by is not what it tells pictures apart by'],
    ['run: {batch: 1}', 'run.batch', 'must be at least 2: KoLeo compares the pictures of a batch with each other'],
  ])('in a distillation: %s', (line, path, message) => {
    expect(problemsOf(`preset: distil-vitti14\n${line}\n`).map((problem) => ({ path: problem.path, message: problem.message }))).toEqual([{ path, message }])
  })

  it('let a distillation share its head where patches are not learned', () => {
    expect(problemsOf('preset: distil-vitti14\nibot: {loss_weight: 0, separate_head: false}\n')).toEqual([])
  })

  it('are not judged by a key that is itself wrong', () => {
    expect(problemsOf('preset: tiny-smoke\nmodel: {patch_size: none}\n').map(({ path }) => path)).toEqual(['model.patch_size'])
  })
})
