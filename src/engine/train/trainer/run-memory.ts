/** @file What a run remembers besides its weights: its place, its features' statistics, its guard, what it has tried and given up. */
import { z } from 'zod'
import { EngineError } from '../../contract'
import type { Tensor } from '../../tensor'
import type { LoadedCheckpoint, TensorEntries } from '../run'
import { emptyCentres, frozenParameters, networkParameters, type StepSpec, type TrainingState } from '../step'
import { createFeatureRing, guardStart, type FeatureRing, type GuardState } from '../watch'

/** Everything that decides what the next step does and what it reports. */
export interface RunMemory {
  readonly state: TrainingState
  /** Steps done. */
  step: number
  /** Pictures per run of the graph; found once where the recipe says auto. */
  readonly batch: number
  ring: FeatureRing
  guard: GuardState
  bestKnn: number | undefined
  firstKnn: number | undefined
  /** Numbers of the step just done, until its looks are over and they are in the metrics. */
  pending: Readonly<Record<string, number>> | undefined
  /** Steps whose pictures gave numbers that were not finite: they are passed over. */
  readonly skippedSteps: Set<number>
  rollbacks: number
  /** Time spent in steps, over all sessions, milliseconds. Nothing is decided by it. */
  trainedMs: number
}

/** Features that the statistics are taken over. */
const ringCapacity = 1024

/** JSON has no number that is none. */
const measured = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]).transform(Number)

const stateSchema = z.object({
  batch: z.int().positive(),
  updates: z.record(z.string(), z.int().nonnegative()),
  ringWritten: z.int().nonnegative(),
  guard: z.custom<GuardState>((value) => typeof value === 'object' && value !== null),
  bestKnn: z.number().optional(),
  firstKnn: z.number().optional(),
  pending: z.record(z.string(), measured).optional(),
  lossScale: z.object({ value: z.number().positive(), goodSteps: z.int().nonnegative() }).optional(),
  skippedSteps: z.array(z.int().nonnegative()),
  rollbacks: z.int().nonnegative(),
  trainedMs: z.number().nonnegative(),
})

/** The memory of a run that begins. */
export function newMemory(state: TrainingState, dim: number, batch: number): RunMemory {
  return { state, step: 0, batch, ring: createFeatureRing(ringCapacity, dim), guard: guardStart, bestKnn: undefined, firstKnn: undefined, pending: undefined, skippedSteps: new Set(), rollbacks: 0, trainedMs: 0 }
}

const firstPrefix = 'first.'
const secondPrefix = 'second.'

/**
 * The frozen teacher's heads: where it brought none they were made of the pictures, and to make them again might give
 * others. Its backbone lies in the run's folder.
 */
const frozenHeads = 'frozen-heads'
const isOfHead = (name: string): boolean => !name.startsWith('backbone.')

/** What a checkpoint holds, by file. */
export function memoryTensors({ state, ring }: RunMemory): Readonly<Record<string, TensorEntries>> {
  const named = (prefix: string, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] => [...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor])
  const { rows } = ring.state()
  return {
    student: state.student.tensors,
    teacher: state.teacher.tensors,
    moments: [...named(firstPrefix, state.first.tensors), ...named(secondPrefix, state.second.tensors)],
    ...(state.frozen === undefined ? {} : { [frozenHeads]: [...state.frozen.tensors].filter(([name]) => isOfHead(name)) }),
    watch: [
      ...(state.centre === undefined ? [] : [['centre', state.centre] as const]),
      ...(state.centreIbot === undefined ? [] : [['centre.ibot', state.centreIbot] as const]),
      ['features', { dtype: 'float32', shape: [rows.length / ring.dim, ring.dim], data: rows } as const] as const,
    ],
  }
}

/** The rest of it, as JSON. */
export function memoryState({ state, batch, ring, guard, bestKnn, firstKnn, pending, skippedSteps, rollbacks, trainedMs }: RunMemory): unknown {
  return {
    batch,
    updates: Object.fromEntries(state.updates),
    ringWritten: ring.state().written,
    guard,
    ...(bestKnn === undefined ? {} : { bestKnn }),
    ...(firstKnn === undefined ? {} : { firstKnn }),
    ...(pending === undefined ? {} : { pending: Object.fromEntries(Object.entries(pending).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)])) }),
    ...(state.lossScale === undefined ? {} : { lossScale: state.lossScale }),
    skippedSteps: [...skippedSteps],
    rollbacks,
    trainedMs: Math.round(trainedMs),
  }
}

/** The pictures per run that a checkpoint was made with, before anything else is known. */
export function batchOf(loaded: Pick<LoadedCheckpoint, 'state'>): number {
  return parsed(loaded.state).batch
}

function parsed(state: unknown): z.infer<typeof stateSchema> {
  const result = stateSchema.safeParse(state)
  if (result.success) return result.data
  throw new EngineError('CHECKPOINT', `the checkpoint's state.json is not understood: ${result.error.issues[0]?.path.join('.') ?? ''} ${result.error.issues[0]?.message ?? ''}`)
}

/** Shapes that a checkpoint of this step must have. */
export function expectedTensors(spec: StepSpec): Readonly<Record<string, readonly { readonly name: string; readonly shape: readonly number[] }[]>> {
  const parameters = networkParameters(spec)
  const { centre, centreIbot } = emptyCentres(spec)
  return {
    student: parameters,
    teacher: parameters,
    moments: [firstPrefix, secondPrefix].flatMap((prefix) => parameters.map(({ name, shape }) => ({ name: `${prefix}${name}`, shape }))),
    ...(spec.teacher === undefined ? {} : { [frozenHeads]: frozenParameters(spec).filter(({ name }) => isOfHead(name)) }),
    watch: [
      ...(centre === undefined ? [] : [{ name: 'centre', shape: centre.shape }]),
      ...(centreIbot === undefined ? [] : [{ name: 'centre.ibot', shape: centreIbot.shape }]),
      { name: 'features', shape: [ringCapacity, spec.config.dim] },
    ],
  }
}

/** Puts a checkpoint's contents into `memory`, whose arrays keep their place. */
export async function restoreMemory(memory: RunMemory, checkpoint: LoadedCheckpoint): Promise<void> {
  const { state } = memory
  const fill = async (stem: string, targets: ReadonlyMap<string, Tensor>): Promise<void> => {
    for (const [name, target] of targets) {
      const source = checkpoint.tensors.get(stem)?.get(name)
      if (source === undefined) throw new EngineError('CHECKPOINT', `the checkpoint's ${stem} has no ${name}`)
      ;(target.data as Float32Array).set((await source.read()).data as Float32Array)
    }
  }
  const under = (prefix: string, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] => [...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor])
  await fill('student', state.student.tensors)
  await fill('teacher', state.teacher.tensors)
  await fill('moments', new Map([...under(firstPrefix, state.first.tensors), ...under(secondPrefix, state.second.tensors)]))
  if (state.frozen !== undefined) await fill(frozenHeads, new Map([...state.frozen.tensors].filter(([name]) => isOfHead(name))))
  const watch = new Map<string, Tensor>()
  if (state.centre !== undefined) watch.set('centre', state.centre)
  if (state.centreIbot !== undefined) watch.set('centre.ibot', state.centreIbot)
  const features: Tensor<'float32'> = { dtype: 'float32', shape: [ringCapacity, memory.ring.dim], data: new Float32Array(ringCapacity * memory.ring.dim) }
  await fill('watch', watch.set('features', features))
  const rest = parsed(checkpoint.state)
  for (const name of state.updates.keys()) state.updates.set(name, rest.updates[name] ?? 0)
  if (state.lossScale !== undefined && rest.lossScale !== undefined) Object.assign(state.lossScale, rest.lossScale)
  memory.step = checkpoint.step
  memory.ring = createFeatureRing(ringCapacity, memory.ring.dim, { rows: features.data, written: rest.ringWritten })
  memory.guard = rest.guard
  memory.bestKnn = rest.bestKnn
  memory.firstKnn = rest.firstKnn
  memory.pending = rest.pending
  // What was given up stays given up, also when going back to before it was.
  for (const step of rest.skippedSteps) memory.skippedSteps.add(step)
  memory.rollbacks = Math.max(memory.rollbacks, rest.rollbacks)
  memory.trainedMs = Math.max(memory.trainedMs, rest.trainedMs)
}
