/** @file The numbers that the runs of one step give, gathered into the step's own: its metrics, and what decides about the update. */
import type { Tensor } from '../../tensor'
import type { GradientGraph } from './gradient-graph'
import type { TrainingState } from './training-state'
import { submoduleNorms, type UpdateOptions } from './update-rules'

/** What one run of the step graph is fed besides weights, centres and temperature. */
export type StepFeeds = Readonly<Record<string, Tensor>>

/** What the runs of one step have given so far. */
export interface Accumulated {
  readonly sums: Record<string, number>
  readonly squares: Map<string, number>
  readonly means: Map<string, Float32Array>
  runs: number
  features: Tensor<'float32'> | undefined
}

/** The start of a step. */
export function nothingYet(): Accumulated {
  return { sums: {}, squares: new Map(), means: new Map(), runs: 0, features: undefined }
}

/** The centres as the step graph is fed them. */
export function centreFeeds({ centre, centreIbot }: TrainingState): StepFeeds {
  return { ...(centre === undefined ? {} : { centre }), ...(centreIbot === undefined ? {} : { 'centre.ibot': centreIbot }) }
}

/** Whether the step graph has targets that are sharpened at all. */
export function needsTemperature({ built }: GradientGraph): boolean {
  return built.model.graph.inputs.some(({ name }) => name === 'teacher.temperature')
}

function float32(results: Readonly<Record<string, Tensor>>, name: string): Tensor<'float32'> | undefined {
  return results[name] as Tensor<'float32'> | undefined
}

/** Adds one run's numbers to the step's. */
export function gather({ losses, trainable }: GradientGraph, results: Readonly<Record<string, Tensor>>, total: Accumulated): void {
  total.runs++
  for (const name of losses) total.sums[name] = (total.sums[name] ?? 0) + (float32(results, name)?.data[0] ?? NaN)
  const squares = float32(results, 'gradient.squares')?.data
  trainable.forEach(({ name }, index) => total.squares.set(name, squares?.[index] ?? NaN))
  for (const name of ['teacher.mean', 'teacher.mean.ibot']) {
    const mean = float32(results, name)?.data
    const before = total.means.get(name)
    if (mean !== undefined) total.means.set(name, before === undefined ? mean.slice() : before.map((value, index) => value + (mean[index] ?? NaN)))
  }
  total.features = float32(results, 'features')
}

/** DINO's names in the metrics: `gradient.backbone`, `gradient.head`, `gradient.ibot`. */
const metricOfSubmodule: Readonly<Record<string, string>> = { backbone: 'gradient.backbone', head: 'gradient.head', dino_head: 'gradient.head', ibot_head: 'gradient.ibot' }

/** Losses and diagnostics averaged over the runs, and the gradients' norms. */
export function metricsOf({ sums, runs }: Accumulated, squares: ReadonlyMap<string, number>, { groupOf }: UpdateOptions): Record<string, number> {
  const means = Object.entries(sums).map(([name, value]) => [name, value / runs] as const)
  const norms = [...submoduleNorms(squares, groupOf)].map(([submodule, norm]) => [metricOfSubmodule[submodule] ?? submodule, norm] as const)
  return Object.fromEntries([...means, ...norms])
}
