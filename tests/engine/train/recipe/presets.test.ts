import { describe, expect, it } from 'vitest'
import { checkRecipe, parseRecipe, recipePresets, recipeSchedule, recipeYaml } from '../../../../src/engine/train/recipe'

describe('the presets', () => {
  it('are these', () => {
    expect(recipePresets().map(({ name }) => name)).toEqual(['dino-vitti16-laptop', 'dino-vits16', 'dinov2-vits14-continue', 'distil-vitti14', 'tiny-smoke'])
  })

  it.each(recipePresets())('$name is whole, sound and says what it is for', ({ yaml, title, description }) => {
    const recipe = parseRecipe(yaml)
    expect(checkRecipe(yaml)).toMatchObject({ ok: true, resolved: recipeYaml(recipe) })
    expect(yaml.startsWith(`# ${title}. ${description}\nmethod: `)).toBe(true)
    expect(parseRecipe(recipeYaml(recipe))).toEqual(recipe)
  })

  it.each(recipePresets())('$name can be scheduled for thirty pictures as for a million', ({ yaml }) => {
    const lengths = [30, 1_000_000].map((imagesTotal) => recipeSchedule(parseRecipe(yaml), { imagesTotal }))
    expect(lengths.every(({ stepsTotal, at }) => stepsTotal >= 10 && Number.isFinite(at(stepsTotal - 1).lr))).toBe(true)
  })

  it('for a trial takes twenty steps on thumbnails', () => {
    const recipe = parseRecipe('preset: tiny-smoke')
    expect(recipeSchedule(recipe, { imagesTotal: 1000 })).toMatchObject({ stepsTotal: 20, probeEvery: 10, knnEvery: 10 })
    expect(recipe).toMatchObject({ crops: { global_crops_size: 32, local_crops_size: 16 }, run: { batch: 4 } })
  })
})

describe('a written recipe', () => {
  it('keeps small numbers readable and explains every key in its line', () => {
    const lines = recipeYaml(parseRecipe('preset: dinov2-vits14-continue')).split('\n')
    expect(lines.find((line) => line.includes(' min_lr:'))).toBe('  min_lr: 1e-6                         # at the end (cosine), not scaled')
    expect(lines.filter((line) => line.includes(': ') && !line.includes(' # '))).toEqual([])
  })

  it.each(['auto', 'run:night-1-20261125-aabbcc', 'C:\\models\\big one.pth', 'true', '14', "it's # mine: yes", '/fotos/größer.safetensors'])('names the teacher %s', (model) => {
    const recipe = parseRecipe('preset: distil-vitti14\n', { teacher: { model } })
    expect([recipe.teacher.model, parseRecipe(recipeYaml(recipe))]).toEqual([model, recipe])
  })

  it('keeps a seed of fifteen digits and an epsilon to the last bit', () => {
    const recipe = parseRecipe('method: dino\nseed: 123456789012345\noptimiser: {adamw_eps: 0.000000123456789012345678, lr: 0.1234567890123456789}')
    expect(parseRecipe(recipeYaml(recipe))).toEqual(recipe)
  })
})
