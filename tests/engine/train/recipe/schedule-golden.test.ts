/** @file The schedules of a recipe against every step of the official training loops. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe, recipeSchedule, type Recipe, type RecipeOverrides, type StepSchedule } from '../../../../src/engine/train/recipe'
import { goldenCases } from '../../../helpers/goldens'

interface TraceStep {
  readonly step: number
  readonly lr: number
  readonly last_layer_lr?: number
  readonly weight_decay: number
  readonly momentum: number
  readonly teacher_temp: number
}

/** What the two training loops write down; the first five keys are DINO's, the next three DINOv2's. */
interface Trace {
  readonly base_lr_after_scaling?: number
  readonly weight_decay_end?: number
  readonly momentum_teacher?: number
  readonly warmup_teacher_temp?: number
  readonly clip_grad?: number
  readonly lr_after_scaling?: number
  readonly momentum?: readonly [number, number]
  readonly centering?: string
  readonly weight_decay: number | readonly [number, number]
  readonly teacher_temp: number | readonly [number, number]
  readonly warmup_teacher_temp_epochs: number
  readonly warmup_epochs: number
  readonly freeze_last_layer_epochs: number
  readonly min_lr: number
  readonly epochs: number
  readonly epoch_length: number
  readonly log: readonly TraceStep[]
}

function overridesOf(trace: Trace): RecipeOverrides {
  const pair = (value: number | readonly [number, number], end: number | undefined): readonly [number, number] => (typeof value === 'number' ? [value, end ?? value] : value)
  const [decay, decayEnd] = pair(trace.weight_decay, trace.weight_decay_end)
  const [temperature, temperatureEnd] = typeof trace.teacher_temp === 'number' ? [trace.warmup_teacher_temp, trace.teacher_temp] : trace.teacher_temp
  const [momentum, momentumEnd] = trace.momentum ?? [trace.momentum_teacher, 1]
  return {
    teacher: {
      momentum_teacher: momentum,
      final_momentum_teacher: momentumEnd,
      warmup_teacher_temp: temperature,
      teacher_temp: temperatureEnd,
      teacher_temp_warmup: trace.warmup_teacher_temp_epochs,
    },
    optimiser: {
      lr: trace.base_lr_after_scaling ?? trace.lr_after_scaling,
      scaling_rule: 'none',
      min_lr: trace.min_lr,
      warmup: trace.warmup_epochs,
      weight_decay: decay,
      weight_decay_end: decayEnd,
      freeze_last_layer: trace.freeze_last_layer_epochs,
    },
    run: { epochs: trace.epochs, epoch_length: trace.epoch_length },
  }
}

/** What the trace says of a step, in our names; DINO's says nothing of its last layer but how many epochs it is frozen. */
function expectedOf(trace: Trace, { method }: Recipe, step: TraceStep): StepSchedule {
  return {
    lr: step.lr,
    lastLayerLr: step.last_layer_lr ?? step.lr,
    weightDecay: step.weight_decay,
    momentum: step.momentum,
    teacherTemperature: step.teacher_temp,
    lastLayerFrozen: method === 'dino' && Math.floor(step.step / trace.epoch_length) < trace.freeze_last_layer_epochs,
  }
}

/** Differences in the last bit of float64 are all that is allowed. */
const rounded = (schedule: StepSchedule): Record<string, number | boolean> =>
  Object.fromEntries(Object.entries(schedule).map(([key, value]) => [key, typeof value === 'number' ? Number(value.toPrecision(14)) : (value as boolean)]))

describe('every step is scheduled as the official code does', () => {
  it.each(goldenCases('train'))('$name', ({ folder }) => {
    const trace = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')) as Trace
    const recipe = parseRecipe(`method: ${trace.centering === undefined ? 'dino' : 'dinov2'}`, overridesOf(trace))
    const schedule = recipeSchedule(recipe, { imagesTotal: 1000 })
    expect(trace.log.length).toBeGreaterThan(1)
    expect({ stepsTotal: schedule.stepsTotal, stepsPerEpoch: schedule.stepsPerEpoch }).toEqual({ stepsTotal: trace.epochs * trace.epoch_length, stepsPerEpoch: trace.epoch_length })
    expect(trace.log.map(({ step }) => rounded(schedule.at(step)))).toEqual(trace.log.map((step) => rounded(expectedOf(trace, recipe, step))))
  })
})
