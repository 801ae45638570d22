/** @file What `dinoscope train` is told, and the recipe that becomes of it. */
import { readFile } from 'node:fs/promises'
import { isEngineError, messageOf, type RecipeProblem, type TrainMethod } from '../../engine/contract'
import { parseRecipe, type Recipe, type RecipeOverrides } from '../../engine/train'
import type { CommandContext } from '../context'
import { UsageError } from '../exit-codes'
import type { ModelOptions } from '../models'

export interface TrainOptions extends Omit<ModelOptions, 'model'> {
  readonly out?: string
  readonly recipe?: string
  readonly preset?: string
  readonly arch?: Architecture
  readonly method?: TrainMethod
  /** The frozen model to learn from: a model, a file, a run. */
  readonly teacher?: string
  readonly init: string
  readonly epochs?: number
  readonly steps?: number
  readonly batch?: number
  readonly name?: string
  readonly resume?: boolean
  readonly card?: boolean
}

/** `ti/16` taken apart. */
export interface Architecture {
  readonly arch: 'ti' | 's' | 'b' | 'l' | 'g'
  readonly patchSize: number
}

/** Where neither a recipe nor a preset is named. */
const usualPreset: Readonly<Record<TrainMethod, string>> = { dino: 'dino-vitti16-laptop', dinov2: 'dinov2-vits14-continue', distill: 'distil-vitti14' }

/** What the command line lays over the recipe. @throws UsageError for options that contradict each other */
export function recipeOverrides({ method, teacher, arch, epochs, steps, batch }: Pick<TrainOptions, 'method' | 'teacher' | 'arch' | 'epochs' | 'steps' | 'batch'>): RecipeOverrides {
  if (epochs !== undefined && steps !== undefined) throw new UsageError('--epochs and --steps both say how long to train; give one of them')
  const length = epochs !== undefined ? { epochs, steps: 'auto' as const } : steps !== undefined ? { steps } : {}
  return {
    ...(method === undefined ? {} : { method }),
    ...(teacher === undefined ? {} : { teacher: { model: teacher } }),
    ...(arch === undefined ? {} : { model: { arch: arch.arch, patch_size: arch.patchSize } }),
    run: { ...length, ...(batch === undefined ? {} : { batch }) },
  }
}

/** @throws EngineError RECIPE after every problem has been told, UsageError */
export async function readRecipe(options: TrainOptions, { terminal }: CommandContext): Promise<Recipe> {
  const { recipe: file, preset } = options
  // Who names a teacher and no recipe wants to learn from it.
  const method = options.method ?? (options.teacher === undefined ? undefined : 'distill')
  if (file !== undefined && preset !== undefined) throw new UsageError('--recipe and --preset both name a recipe; a recipe file can itself say `preset: NAME`')
  const overrides = recipeOverrides(options)
  if (file === undefined && preset === undefined) terminal.note(`Using the recipe ${usualPreset[method ?? 'dino']}; --preset or --recipe choose another.`)
  const yaml =
    file === undefined
      ? `preset: ${preset ?? usualPreset[method ?? 'dino']}\n`
      : await readFile(file, 'utf8').catch((error: unknown) => {
          throw new UsageError(`--recipe cannot be read: ${messageOf(error)}`)
        })
  try {
    return parseRecipe(yaml, overrides)
  } catch (error) {
    if (isEngineError(error, 'RECIPE'))
      for (const { path, message, line } of (error.detail?.['problems'] ?? []) as readonly RecipeProblem[])
        terminal.note(`${file ?? 'recipe'}${line === undefined ? '' : `:${line}`}: ${path === '' ? '' : `${path}: `}${message}`)
    throw error
  }
}
