/** @file Where things lie in a run's folder, and what they are called. */
import { join } from 'node:path'

export const descriptionFile = 'run.json'
export const imagesFile = 'images.json'
export const recipeFile = 'recipe.yaml'
export const statusFile = 'status.json'
export const metricsFile = 'metrics.jsonl'
/** What depends on the clock, apart from the metrics, so that those are the same for straight and resumed runs. */
export const timingFile = 'timing.jsonl'
export const logFile = 'train.log'
export const lockFile = 'lock'
export const reportFile = 'report.html'

const checkpointDigits = 8
const checkpointPattern = /^step-(\d{8,15})$/

export function checkpointsFolder(runFolder: string): string {
  return join(runFolder, 'checkpoints')
}

/** `step-00000400`: names sort as steps do. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(checkpointDigits, '0')}`
}

/** The step of a checkpoint's folder name; undefined for any other name. */
export function stepOfName(name: string): number | undefined {
  const digits = checkpointPattern.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** A checkpoint that is about to be replaced by one of the same step lies here for a moment. */
export const replacedSuffix = '.replaced'
/** A damaged checkpoint is set aside under this suffix and never deleted. */
export const corruptSuffix = '.corrupt'
