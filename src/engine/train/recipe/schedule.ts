/** @file Everything of a recipe that changes with the step. */
import { EngineError } from '../../contract'
import { cosineSchedule, cosineValue, scaledLearningRate, temperatureAt } from '../../optim'
import { durationParts, durationSteps, type Duration, type RunLength } from './duration'
import type { Recipe } from './schema'

/** The numbers of one step. */
export interface StepSchedule {
  readonly lr: number
  /** Learning rate of the layer of prototypes: 0 while DINOv2 holds it still, though its moments go on. */
  readonly lastLayerLr: number
  readonly weightDecay: number
  /** Share of itself that the teacher keeps. */
  readonly momentum: number
  readonly teacherTemperature: number
  /** DINO: the prototypes have no gradient at this step, so no update, no decay and no change of their moments. */
  readonly lastLayerFrozen: boolean
}

export interface RecipeSchedule extends RunLength {
  /** Of step 0 to stepsTotal - 1. */
  readonly at: (step: number) => StepSchedule
  /** Steps between two probes of the pictures, and between two k-NN evaluations; 0 is never. */
  readonly probeEvery: number
  readonly knnEvery: number
}

export interface ScheduleOptions {
  /** Pictures to train on. */
  readonly imagesTotal: number
  /** Pictures of one batch, where the recipe says auto. */
  readonly batch?: number
  /** Optimiser steps that count as an epoch, where neither the recipe's `run.epoch_length` nor the pictures should say it. */
  readonly stepsPerEpoch?: number
}

/**
 * The schedules of a recipe for so many pictures. An epoch is `run.epoch_length` steps, or once through the pictures
 * (the last incomplete step left out, at least one).
 * Source: dino/main_dino.py:236-251, :374-378, dino/utils.py:187-198; dinov2/train/train.py:62-103.
 * @throws EngineError RECIPE when the learning rate's warmup is longer than the run, or the batch is not known
 */
export function recipeSchedule(recipe: Recipe, options: ScheduleOptions): RecipeSchedule {
  const { optimiser, teacher, run } = recipe
  const images = imagesPerStep(recipe, options.batch)
  const stepsPerEpoch = options.stepsPerEpoch ?? (run.epoch_length === 'auto' ? Math.max(1, Math.floor(options.imagesTotal / images)) : run.epoch_length)
  const stepsTotal = run.steps === 'auto' ? run.epochs * stepsPerEpoch : run.steps
  const length = { stepsTotal, stepsPerEpoch }
  const steps = (duration: Duration): number => durationSteps(duration, length)

  const warmupSteps = steps(optimiser.warmup)
  if (warmupSteps > stepsTotal) throw tooLong('optimiser.warmup', optimiser.warmup, warmupSteps, stepsTotal)
  const lr = cosineSchedule(scaledLearningRate(optimiser.scaling_rule, optimiser.lr, images), optimiser.min_lr, stepsTotal, warmupSteps)
  const weightDecay = cosineSchedule(optimiser.weight_decay, optimiser.weight_decay_end, stepsTotal)
  const momentum = cosineSchedule(teacher.momentum_teacher, teacher.final_momentum_teacher, stepsTotal)
  const frozenSteps = steps(optimiser.freeze_last_layer)
  const temperature = temperatureSchedule(recipe, length)

  return {
    ...length,
    probeEvery: everySteps(recipe.watch.probe_every, length),
    knnEvery: everySteps(recipe.watch.knn_every, length),
    at: (step) => {
      const rate = cosineValue(lr, step)
      const held = step < frozenSteps
      return {
        lr: rate,
        lastLayerLr: held && recipe.method !== 'dino' ? 0 : rate,
        weightDecay: cosineValue(weightDecay, step),
        momentum: cosineValue(momentum, step),
        teacherTemperature: temperature(step),
        lastLayerFrozen: held && recipe.method === 'dino',
      }
    },
  }
}

/** Pictures whose gradients make one step. */
function imagesPerStep({ run }: Recipe, resolved: number | undefined): number {
  const batch = run.batch === 'auto' ? resolved : run.batch
  if (batch === undefined) throw recipeProblem('run.batch', 'is auto and not yet known; find it first, or write a number')
  return batch * run.accumulate
}

/** DINO changes the temperature once an epoch where the recipe counts epochs; otherwise it rises step by step, as in DINOv2. */
function temperatureSchedule({ method, teacher }: Recipe, length: RunLength): (step: number) => number {
  const { warmup_teacher_temp: start, teacher_temp: final, teacher_temp_warmup: duration } = teacher
  const { amount, unit } = durationParts(duration)
  if (method === 'dino' && unit === 'epochs') return (step) => temperatureAt({ start, final, warmup: amount }, Math.floor(step / length.stepsPerEpoch))
  const warmup = durationSteps(duration, length)
  return (step) => temperatureAt({ start, final, warmup }, step)
}

/** An interval: 0 is never, anything else at least a step. */
function everySteps(duration: Duration, length: RunLength): number {
  return durationParts(duration).amount === 0 ? 0 : Math.max(1, durationSteps(duration, length))
}

function tooLong(path: string, duration: Duration, steps: number, stepsTotal: number): EngineError {
  const given = duration.endsWith(' steps') ? duration : `${duration} (${steps} steps)`
  return recipeProblem(path, `${given} is longer than the whole run of ${stepsTotal} steps; write a share such as 10%`)
}

function recipeProblem(path: string, message: string): EngineError {
  return new EngineError('RECIPE', `${path}: ${message}`, { detail: { problems: [{ path, message, line: undefined }] } })
}
