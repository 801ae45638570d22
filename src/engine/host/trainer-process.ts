/** @file Entry of the trainer process: training behind the trainer contract, for the one engine that started it. */
import { parseRecipe, trainRun, trialCard } from '../train'
import { tryGraph } from './foreign/try-graph'
import { runTrainerProcess } from './trainer/run-process'

runTrainerProcess({
  run: trainRun,
  card: ({ recipe, ...request }, context) => trialCard({ ...request, recipe: parseRecipe(recipe) }, context),
  tryGraph,
})
