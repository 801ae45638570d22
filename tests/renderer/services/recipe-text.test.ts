/** @file Values in a recipe's text: changed in place, everything else as it was; and two recipes compared. */
import { describe, expect, it } from 'vitest'
import { checkRecipe, recipePresets } from '../../../src/engine/train/recipe'
import { flattenRecipe, offsetOfLine, readRecipeValue, recipeDifferences, writeRecipeValue } from '../../../src/renderer/services/recipe-text'
import { recipePaths } from '../../../src/renderer/stores/recipe'

const text = `# A recipe
method: dino   # or dinov2
run:
  epochs: 100

  batch: auto      # or a number
crops: [224, 96]
`

describe('readRecipeValue', () => {
  it('reads plain values and nothing else', () => {
    expect([['method'], ['run', 'epochs'], ['run', 'batch'], ['run'], ['crops'], ['run', 'steps']].map((path) => readRecipeValue(text, path))).toEqual([
      'dino', 100, 'auto', undefined, undefined, undefined,
    ])
    expect(readRecipeValue('run: {', ['run'])).toBeUndefined()
  })
})

describe('writeRecipeValue', () => {
  it('changes the value and not one character more', () => {
    expect(writeRecipeValue(text, ['run', 'batch'], 32)).toBe(text.replace('auto', '32'))
    expect(writeRecipeValue(text, ['method'], 'dinov2')).toBe(text.replace('method: dino ', 'method: dinov2 '))
  })

  it('gives an empty key its value and adds what is missing', () => {
    expect(writeRecipeValue('run:\n  steps:\n', ['run', 'steps'], 5)).toBe('run:\n  steps: 5\n')
    expect(writeRecipeValue('preset: tiny-smoke # small\n', ['run', 'steps'], 5)).toBe('preset: tiny-smoke # small\nrun:\n  steps: 5\n')
    expect(writeRecipeValue('run: null\n', ['run', 'steps'], 5)).toBe('run:\n  steps: 5\n')
  })

  it('leaves a text alone that cannot be read', () => {
    expect(writeRecipeValue('run: [', ['run', 'steps'], 5)).toBe('run: [')
  })

  it.each(recipePresets())('finds the simple settings of $name and leaves a sound recipe', ({ yaml }) => {
    expect([recipePaths.epochs, recipePaths.steps, recipePaths.batch, recipePaths.init].map((path) => readRecipeValue(yaml, path) !== undefined)).toEqual([true, true, true, true])
    const edited = writeRecipeValue(writeRecipeValue(writeRecipeValue(yaml, recipePaths.epochs, 100), recipePaths.steps, 4000), recipePaths.batch, 2)
    expect(checkRecipe(edited)).toMatchObject({ ok: true, summary: { batch: 2 } })
    expect(edited.split('\n').length).toBe(yaml.split('\n').length)
    expect(checkRecipe(writeRecipeValue(edited, recipePaths.steps, 'auto'))).toMatchObject({ ok: true })
  })
})

describe('recipeDifferences', () => {
  it('lists the keys in which two recipes differ', () => {
    expect(recipeDifferences(text, 'run: {epochs: 100, batch: 4}\nmethod: dino\ncrops: [224, 98]\nseed: 1\n')).toEqual([
      { path: 'run.batch', a: 'auto', b: '4' },
      { path: 'crops', a: '[224,96]', b: '[224,98]' },
      { path: 'seed', a: undefined, b: '1' },
    ])
    expect(recipeDifferences(text, 'run: {')).toBeUndefined()
  })

  it('flattens to dotted paths', () => {
    expect([...(flattenRecipe('a: {b: {c: null}}\nd: x\n') ?? [])]).toEqual([['a.b.c', 'null'], ['d', 'x']])
  })
})

describe('offsetOfLine', () => {
  it('finds where a line begins', () => {
    expect([1, 2, 3, 9].map((line) => offsetOfLine('a\nbb\nc', line))).toEqual([0, 2, 5, 6])
  })
})
