/** @file How pictures are loaded for a recipe. */
import { availableParallelism } from 'node:os'
import type { LoaderOptions } from '../data'
import { cropGroups, type Recipe } from '../recipe'
import { trainedPreprocessing } from './evaluation-size'

/** Batches made ahead; each is as large as one that is being computed. */
const ahead = 2
const gibibyte = 2 ** 30
/** The step itself takes every core; more threads of augmentation than this only get in its way. */
const mostWorkers = 4

/** What of a loader a recipe decides. */
export function loaderOptions(recipe: Recipe, batch: number): Omit<LoaderOptions, 'firstStep' | 'lastStep' | 'root' | 'images' | 'signal' | 'onSkipped'> {
  const { workers, cache_gb: cacheGb } = recipe.run
  const { mean, std } = trainedPreprocessing(recipe)
  return {
    ...{ batch, mean, std, ahead },
    groups: cropGroups(recipe),
    seed: recipe.seed,
    patchSize: recipe.model.patch_size,
    cacheBytes: Math.round(cacheGb * gibibyte),
    workers: workers === 'auto' ? Math.min(mostWorkers, Math.max(1, availableParallelism() - 1)) : workers,
  }
}
