/** @file One training step: gradients of one or more runs of the step graph, their sum, and the update. */
import { EngineError } from '../../contract'
import { buildModel, input } from '../../graph'
import { add, sumSquares } from '../../ops'
import type { Runtime, Session } from '../../runtime'
import type { Tensor } from '../../tensor'
import { chunksOf, flatTensors, pieceLength, tensorOf, type FlatTensors } from './flat-tensors'
import { gradientGraph, gradientOutput, studentInput, teacherInput, type GradientGraph } from './gradient-graph'
import { openHostUpdater } from './host-updater'
import { gather, judge, nothingYet, numberFeeds, type Accumulated, type StepFeeds } from './step-numbers'
import type { StepSpec } from './step-spec'
import { emptyState, type TrainingState } from './training-state'
import type { StepRates, UpdateOptions } from './update-rules'

export interface StepResult {
  /** Losses and diagnostics averaged over the runs, and the norm of each submodule's gradient before clipping. */
  readonly metrics: Readonly<Record<string, number>>
  /** The teacher's CLS features of the global crops of the last run, the student's where the teacher is frozen; float32 `[2 · batch, dim]`. */
  readonly features: Tensor<'float32'>
  /** False: a loss or a gradient was no number, though not because the loss was scaled too far for float16. Nothing has been updated then. */
  readonly finite: boolean
}

export interface Stepper {
  readonly state: TrainingState
  /** Σ over `runs` of a gradient each, then one update. Stops before the update when a number is not finite. */
  step(runs: Iterable<StepFeeds> | AsyncIterable<StepFeeds>, rates: StepRates): Promise<StepResult>
  /** The gradients of the last step before clipping, summed over its runs, where they lie in this process's memory; for tests. */
  readonly gradient: FlatTensors | undefined
  /** Brings `state` up to date where it is kept on a device; to be called before it is read. @throws EngineError RUNTIME when the device is lost */
  pull(): Promise<void>
  /** Takes over what was written into `state` since the last step; the first step does so by itself. */
  push(): Promise<void>
  release(): Promise<void>
}

/** Builds the graphs of a step over weights in this process's memory. */
export async function openHostStepper(runtime: Runtime, spec: StepSpec, options: UpdateOptions): Promise<Stepper> {
  const state = emptyState(spec)
  const graph = gradientGraph(spec, (name) => options.groupOf(name).trainable)
  const session = await runtime.open(graph.built, { memory: 'pooled' })
  const gradient = flatTensors(graph.trainable)
  const adder = await openAdder(runtime, graph, gradient)
  const updater = await openHostUpdater(runtime, state, gradient, options)
  const weights = weightFeeds(state)

  const runOnce = async (feeds: StepFeeds, into: FlatTensors): Promise<Readonly<Record<string, Tensor>>> =>
    session.run({ ...weights, ...feeds }, gradientTargets(graph, into))

  return {
    state,
    gradient,
    step: async (runs, rates) => {
      const numbers = numberFeeds(state, rates.teacherTemperature)
      const total = nothingYet()
      for await (const feeds of runs) {
        const results = await runOnce({ ...feeds, ...numbers }, total.runs === 0 ? gradient : adder.scratch())
        if (total.runs > 0) await adder.add()
        gather(graph, results, total)
      }
      if (total.features === undefined) throw new EngineError('INTERNAL', 'a step was given no pictures')
      const { metrics, squares, scale, finite, usable } = judge(total, total.runs === 1 ? total.squares : await adder.squares(), state, options)
      if (usable) {
        await updater.apply(squares, scale, rates)
        await updateCentres(state, total, (centre, mean) => updater.average(centre, mean, options.centreMomentum))
      }
      return { metrics, features: total.features, finite }
    },
    pull: () => Promise.resolve(),
    push: () => Promise.resolve(),
    release: async () => {
      await Promise.all([session.release(), adder.release(), updater.release()])
    },
  }
}

function weightFeeds({ student, teacher, frozen }: TrainingState): StepFeeds {
  return Object.fromEntries([
    ...[...student.tensors].map(([name, tensor]) => [studentInput(name), tensor] as const),
    ...[...(frozen ?? teacher).tensors].map(([name, tensor]) => [teacherInput(name), tensor] as const),
  ])
}

function gradientTargets({ trainable }: GradientGraph, into: FlatTensors): StepFeeds {
  return Object.fromEntries(trainable.map(({ name }) => [gradientOutput(name), tensorOf(into, name)]))
}

async function updateCentres({ centre, centreIbot }: TrainingState, { means, runs }: Accumulated, average: (centre: Tensor<'float32'>, mean: Tensor<'float32'>) => Promise<void>): Promise<void> {
  for (const [target, name] of [[centre, 'teacher.mean'], [centreIbot, 'teacher.mean.ibot']] as const) {
    const sum = means.get(name)
    if (target !== undefined && sum !== undefined) await average(target, { dtype: 'float32', shape: target.shape, data: sum.map((value) => value / runs) })
  }
}

interface Adder {
  /** Where a second gradient goes; made when first needed. */
  scratch(): FlatTensors
  /** gradient ← gradient + scratch. */
  add(): Promise<void>
  /** Σ g² of each parameter's gradient. */
  squares(): Promise<Map<string, number>>
  release(): Promise<void>
}

async function openAdder(runtime: Runtime, { trainable }: GradientGraph, gradient: FlatTensors): Promise<Adder> {
  const vector = (name: string) => input(name, 'float32', ['n'])
  const sessions: { readonly sum: Session; readonly squares: Session } = {
    sum: await runtime.open(buildModel('sum', { total: add(vector('left'), vector('right')) }, () => new Uint8Array())),
    squares: await runtime.open(buildModel('squares', { total: sumSquares(vector('x'), 0) }, () => new Uint8Array())),
  }
  let scratch: FlatTensors | undefined
  return {
    scratch: () => (scratch ??= flatTensors(trainable)),
    add: async () => {
      if (scratch === undefined) return
      const whole = (data: Float32Array): Tensor<'float32'>[] => chunksOf({ dtype: 'float32', shape: [data.length], data }, pieceLength)
      const right = whole(scratch.data)
      for (const [index, left] of whole(gradient.data).entries()) await sessions.sum.run({ left, right: right[index] ?? left }, { total: left })
    },
    squares: async () => {
      const found = new Map<string, number>()
      for (const [name, tensor] of gradient.tensors) {
        const { total } = await sessions.squares.run({ x: { ...tensor, shape: [tensor.data.length] } })
        found.set(name, Number(total?.data[0]))
      }
      return found
    },
    release: async () => {
      await sessions.sum.release()
      await sessions.squares.release()
    },
  }
}
