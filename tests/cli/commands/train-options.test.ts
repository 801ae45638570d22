/** @file What `dinoscope train` makes of its options: a recipe, or everything that is wrong with it. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readRecipe, recipeOverrides, type TrainOptions } from '../../../src/cli/commands/train-options'
import type { CommandContext } from '../../../src/cli/context'
import { exitCodeOf, UsageError } from '../../../src/cli/exit-codes'
import { architecture } from '../../../src/cli/options'
import { EngineError } from '../../../src/engine/contract'
import { temporaryFolder } from '../../helpers/folders'

function context(): { readonly context: CommandContext; readonly notes: string[] } {
  const notes: string[] = []
  const terminal = { note: (line: string) => notes.push(line), progress: () => undefined, status: () => undefined, result: () => undefined }
  return { context: { terminal, signal: new AbortController().signal, emit: () => undefined }, notes }
}
const options = (changes: Partial<TrainOptions>): TrainOptions => ({ init: 'auto', ...changes })
const read = (changes: Partial<TrainOptions>): ReturnType<typeof readRecipe> => readRecipe(options(changes), context().context)

describe('the recipe of a command line', () => {
  it('is the usual one of the method where none is named, and that is said', async () => {
    const { context: withNotes, notes } = context()
    const recipe = await readRecipe(options({}), withNotes)
    expect([recipe.method, recipe.model.arch, (await read({ method: 'dinov2' })).method, notes]).toEqual(['dino', 'ti', 'dinov2', ['Using the recipe dino-vitti16-laptop; --preset or --recipe choose another.']])
  })

  it('takes what is said beside it over what it says', async () => {
    const file = join(await temporaryFolder({ 'recipe.yaml': 'preset: tiny-smoke\nrun:\n  steps: 7\n  batch: 4\n' }), 'recipe.yaml')
    const recipes = [await read({ recipe: file }), await read({ recipe: file, epochs: 3, batch: 6 }), await read({ preset: 'tiny-smoke', steps: 9 })]
    expect(recipes.map(({ run }) => [run.steps, run.batch])).toEqual([[7, 4], ['auto', 6], [9, 4]])
    expect(recipes[1]?.run.epochs).toBe(3)
    const { model } = await read({ arch: architecture('s/8') })
    expect([model.arch, model.patch_size]).toEqual(['s', 8])
  })

  it('is refused with every problem and its line, and the status of wrong usage', async () => {
    const file = join(await temporaryFolder({ 'recipe.yaml': 'preset: tiny-smoke\nrun:\n  batch: -1\n  stepz: 3\n' }), 'recipe.yaml')
    const { context: withNotes, notes } = context()
    const error: unknown = await readRecipe(options({ recipe: file }), withNotes).catch((caught: unknown) => caught)
    expect({ code: (error as EngineError).code, status: exitCodeOf(error), lines: notes.map((line) => line.replace(file, 'FILE').split(':').slice(0, 3).join(':')) }).toEqual({ code: 'RECIPE', status: 2, lines: ['FILE:3: run.batch', 'FILE:4: run.stepz'] })
  })

  it.each<[string, Partial<TrainOptions>, string]>([
    ['a recipe and a preset', { recipe: 'r.yaml', preset: 'tiny-smoke' }, '--recipe and --preset'],
    ['epochs and steps', { epochs: 1, steps: 1 }, '--epochs and --steps'],
    ['a file that is not there', { recipe: '/nowhere/r.yaml' }, '--recipe cannot be read'],
  ])('refuses %s', async (_title, changes, message) => {
    await expect(read(changes)).rejects.toThrow(message)
    await expect(read(changes)).rejects.toBeInstanceOf(UsageError)
  })

  it('leaves the recipe alone where nothing is said', () => {
    expect(recipeOverrides({})).toEqual({ run: {} })
  })
})

describe('the option --arch', () => {
  it.each(['ti', 'ti/', 'x/16', 's/16 ', 's/1600'])('refuses %j', (text) => {
    expect(() => architecture(text)).toThrow('like ti/16')
  })
})

describe('the exit status', () => {
  it.each([
    ['BUSY', 75],
    ['RECIPE', 2],
    ['CANCELLED', 130],
    ['TRAIN_IMAGES', 1],
  ] as const)('of %s is %d', (code, status) => {
    expect(exitCodeOf(new EngineError(code, 'message'))).toBe(status)
  })
})
