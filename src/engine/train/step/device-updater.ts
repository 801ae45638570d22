/** @file Updates weights that lie on a device: a graph over many parameters at once, whose results take the place of what it read. */
import { buildModel, input, type BuiltModel, type Value } from '../../graph'
import type { ParameterSpec } from '../../nn'
import { adamW, adamWFactors, movingAverage } from '../../optim'
import { slice } from '../../ops'
import type { Device, DeviceTensor } from '../../runtime'
import type { Tensor } from '../../tensor'
import { handleOf } from './device-adder'
import { createSessionShelf, partsOf, type DeviceTensors } from './device-parts'
import type { DeviceWeights, WeightRole } from './device-weights'
import type { TrainingState } from './training-state'
import { clipFactors, ratesOf, type StepRates, type UpdateOptions } from './update-rules'

export interface DeviceUpdater {
  /** @param squares Σ g² of each gradient as it will be applied, @param scale what gradients are multiplied by before clipping */
  apply(gradients: DeviceTensors, squares: ReadonlyMap<string, number>, scale: number, rates: StepRates): Promise<void>
  release(): Promise<void>
}

const inputOf = (role: WeightRole | 'gradient', name: string): string => `${role}.${name}`
const outputOf = (role: WeightRole, name: string): string => `next.${role}.${name}`

/** Numbers that each parameter's update is fed: gradientScale, decay, stepSize, epsilon. */
const factorCount = 4

type Learns = (name: string) => boolean

function rolesOf(learns: boolean): readonly WeightRole[] {
  return learns ? ['student', 'teacher', 'first', 'second'] : ['teacher']
}

/** `factors` float32 `[4 · learning parameters]`, `momentum` and `complement` scalars, the rest by role and name. */
function updateModel(part: readonly ParameterSpec[], learns: Learns, rates: Pick<UpdateOptions, 'beta1' | 'beta2'>): BuiltModel {
  const learning = part.filter(({ name }) => learns(name))
  const factors = input('factors', 'float32', [factorCount * learning.length])
  const [momentum, complement] = [input('momentum', 'float32', []), input('complement', 'float32', [])]
  const outputs: Record<string, Value> = {}
  for (const parameter of part) {
    const { name, shape } = parameter
    const of = (role: WeightRole | 'gradient'): Value => input(inputOf(role, name), 'float32', shape)
    let student = of('student')
    if (learns(name)) {
      const factor = (place: number): Value => slice(factors, 0, factorCount * learning.indexOf(parameter) + place, 1)
      const state = { parameter: student, first: of('first'), second: of('second') }
      const next = adamW(state, of('gradient'), rates, { gradientScale: factor(0), decay: factor(1), stepSize: factor(2), epsilon: factor(3) })
      student = next.parameter
      outputs[outputOf('student', name)] = next.parameter
      outputs[outputOf('first', name)] = next.first
      outputs[outputOf('second', name)] = next.second
    }
    outputs[outputOf('teacher', name)] = movingAverage(of('teacher'), student, momentum, complement)
  }
  return buildModel('update', outputs, () => new Uint8Array())
}

/** The graphs are opened when first needed: which parameters learn changes once in a run. */
export function createDeviceUpdater(device: Device, state: TrainingState, weights: DeviceWeights, options: UpdateOptions): DeviceUpdater {
  const parts = partsOf(state.parameters)
  const sessions = createSessionShelf(device)
  const number = (value: number): Tensor<'float32'> => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) })
  return {
    apply: async (gradients, squares, scale, rates) => {
      const clip = clipFactors(squares, options)
      const learns: Learns = (name) => ratesOf(options.groupOf(name), rates) !== undefined
      for (const [index, part] of parts.entries()) {
        const names = part.map(({ name }) => name)
        const produced = names.flatMap((name) => rolesOf(learns(name)).map((role) => outputOf(role, name)))
        const session = await sessions.of(`${index} ${names.filter(learns).length}`, produced, () => updateModel(part, learns, options))
        const factors = names.flatMap((name) => factorsOf(state, name, scale * clip(name), rates, options))
        const feeds: Record<string, Tensor | DeviceTensor> = { momentum: number(rates.momentum), complement: number(1 - rates.momentum) }
        if (factors.length > 0) feeds['factors'] = { dtype: 'float32', shape: [factors.length], data: Float32Array.from(factors) }
        for (const name of names) {
          feeds[inputOf('student', name)] = weights.at('student', name)
          for (const role of rolesOf(learns(name))) feeds[inputOf(role, name)] = weights.at(role, name)
          if (learns(name)) feeds[inputOf('gradient', name)] = handleOf(gradients, name)
        }
        const { resident } = await session.run(feeds)
        for (const name of names)
          for (const role of rolesOf(learns(name))) {
            const next = resident[outputOf(role, name)]
            if (next !== undefined) weights.replace(role, name, next)
          }
      }
    },
    release: sessions.release,
  }
}

/** The four numbers of a parameter that learns at this step, none of another. Counts the update. */
function factorsOf({ updates }: TrainingState, name: string, gradientScale: number, rates: StepRates, options: UpdateOptions): readonly number[] {
  const own = ratesOf(options.groupOf(name), rates)
  if (own === undefined) return []
  const count = (updates.get(name) ?? 0) + 1
  updates.set(name, count)
  const { decay, stepSize, epsilon } = adamWFactors({ ...options, ...own }, count)
  return [gradientScale, decay, stepSize, epsilon]
}
