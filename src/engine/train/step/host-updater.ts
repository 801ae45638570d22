/** @file Updates weights that lie in this process's memory, in place, piece by piece: each piece stays in the cache through the whole of AdamW. */
import { buildModel, input, type BuiltModel, type Value } from '../../graph'
import { adamW, adamWFactors, movingAverage } from '../../optim'
import type { Runtime, Session } from '../../runtime'
import type { Tensor } from '../../tensor'
import { chunksOf, pieceLength, tensorOf, type FlatTensors } from './flat-tensors'
import type { TrainingState } from './training-state'
import { clipFactors, ratesOf, type StepRates, type UpdateOptions } from './update-rules'

type Role = 'parameter' | 'gradient' | 'first' | 'second' | 'teacher'
type Pieces = readonly Readonly<Record<Role, Tensor<'float32'>>>[]

const scalarNames = ['gradientScale', 'decay', 'stepSize', 'epsilon', 'momentum', 'complement'] as const
type Scalars = Readonly<Record<(typeof scalarNames)[number], Tensor<'float32'>>>

function vector(name: string): Value {
  return input(name, 'float32', ['n'])
}

const factor = (name: (typeof scalarNames)[number]): Value => input(name, 'float32', [])

function updateModel(rates: Pick<UpdateOptions, 'beta1' | 'beta2'>): BuiltModel {
  const state = { parameter: vector('parameter'), first: vector('first'), second: vector('second') }
  const next = adamW(state, vector('gradient'), rates, { gradientScale: factor('gradientScale'), decay: factor('decay'), stepSize: factor('stepSize'), epsilon: factor('epsilon') })
  const teacher = movingAverage(vector('teacher'), next.parameter, factor('momentum'), factor('complement'))
  return buildModel('update', { parameterNext: next.parameter, firstNext: next.first, secondNext: next.second, teacherNext: teacher }, () => new Uint8Array())
}

function averageModel(): BuiltModel {
  return buildModel('average', { averageNext: movingAverage(vector('average'), vector('value'), factor('momentum'), factor('complement')) }, () => new Uint8Array())
}

/** Applies updates to a state. */
export interface HostUpdater {
  /** @param squares Σ g² of each gradient as it will be applied, @param scale what gradients are multiplied by before clipping */
  apply(squares: ReadonlyMap<string, number>, scale: number, rates: StepRates): Promise<void>
  /** average ← momentum · average + (1 - momentum) · value, for the centres. */
  average(average: Tensor<'float32'>, value: Tensor<'float32'>, momentum: number): Promise<void>
  release(): Promise<void>
}

/** Opens the two small graphs and cuts the state into pieces once. */
export async function openHostUpdater(runtime: Runtime, state: TrainingState, gradient: FlatTensors, options: UpdateOptions): Promise<HostUpdater> {
  // A piece is done before a second thread has woken up.
  const update = await runtime.open(updateModel(options), { threads: 1 })
  const averaging = await runtime.open(averageModel(), { threads: 1 })
  const pieces = new Map(state.parameters.map(({ name }) => [name, piecesOf(state, gradient, name)]))
  const scalars = Object.fromEntries(scalarNames.map((name) => [name, { dtype: 'float32', shape: [], data: new Float32Array(1) }])) as unknown as Scalars
  // The runtime sees the same memory, so writing here is feeding.
  const set = (name: keyof Scalars, value: number): void => {
    scalars[name].data[0] = value
  }
  const { momentum, complement } = scalars
  const setMomentum = (value: number): void => {
    set('momentum', value)
    set('complement', 1 - value)
  }
  const averageInto = async (session: Session, average: Tensor<'float32'>, value: Tensor<'float32'>): Promise<void> => {
    await session.run({ average, value, momentum, complement }, { averageNext: average })
  }
  return {
    apply: async (squares, scale, rates) => {
      const clip = clipFactors(squares, options)
      setMomentum(rates.momentum)
      for (const [name, parts] of pieces) {
        const own = ratesOf(options.groupOf(name), rates)
        if (own === undefined) {
          for (const { teacher, parameter } of parts) await averageInto(averaging, teacher, parameter)
          continue
        }
        const count = (state.updates.get(name) ?? 0) + 1
        state.updates.set(name, count)
        const { decay, stepSize, epsilon } = adamWFactors({ ...options, ...own }, count)
        set('gradientScale', scale * clip(name))
        set('decay', decay)
        set('stepSize', stepSize)
        set('epsilon', epsilon)
        for (const { parameter, gradient: slope, first, second, teacher } of parts)
          await update.run({ parameter, gradient: slope, first, second, teacher, ...scalars }, { parameterNext: parameter, firstNext: first, secondNext: second, teacherNext: teacher })
      }
    },
    average: async (average, value, rate) => {
      setMomentum(rate)
      const [averages, values] = [chunksOf(average, pieceLength), chunksOf(value, pieceLength)]
      for (const [index, piece] of averages.entries()) {
        const other = values[index]
        if (other !== undefined) await averageInto(averaging, piece, other)
      }
    },
    release: async () => {
      await update.release()
      await averaging.release()
    },
  }
}

function piecesOf(state: TrainingState, gradient: FlatTensors, name: string): Pieces {
  const cut = (tensors: FlatTensors): Tensor<'float32'>[] => chunksOf(tensorOf(tensors, name), pieceLength)
  const [parameter, first, second, teacher] = [cut(state.student), cut(state.first), cut(state.second), cut(state.teacher)]
  const slopes = gradient.tensors.has(name) ? cut(gradient) : parameter
  return parameter.map((piece, index) => ({
    parameter: piece,
    gradient: slopes[index] ?? piece,
    first: first[index] ?? piece,
    second: second[index] ?? piece,
    teacher: teacher[index] ?? piece,
  }))
}
