/** @file One training step on a device: weights, moments and gradients stay there, and only losses and features come back. */
import { EngineError, messageOf } from '../../contract'
import type { Device, DeviceTensor } from '../../runtime'
import { createDeviceAdder } from './device-adder'
import { disposeAll, type DeviceTensors } from './device-parts'
import { createDeviceUpdater } from './device-updater'
import { createDeviceWeights, type DeviceWeights } from './device-weights'
import { gradientGraph, gradientOutput, studentInput, teacherInput } from './gradient-graph'
import { gather, judge, nothingYet, numberFeeds, type Accumulated } from './step-numbers'
import type { StepSpec } from './step-spec'
import type { Stepper } from './stepper'
import { emptyState, type TrainingState } from './training-state'
import type { UpdateOptions } from './update-rules'

/**
 * Builds the graphs of a step over weights on `device`. After an error of the device nothing more is asked of it: its
 * weights are lost, and what was saved before is what a new process can go on from.
 * @throws EngineError RUNTIME
 */
export async function openDeviceStepper(device: Device, spec: StepSpec, options: UpdateOptions): Promise<Stepper> {
  const state = emptyState(spec)
  const graph = gradientGraph(spec, (name) => options.groupOf(name).trainable)
  const session = await device.open(graph.built, graph.trainable.map(({ name }) => gradientOutput(name)))
  const weights = createDeviceWeights(device, state)
  const adder = createDeviceAdder(device, graph.trainable)
  const updater = createDeviceUpdater(device, state, weights, options)
  let newest: 'host' | 'device' | 'both' = 'host'
  let lost: string | undefined
  const onDevice = async <T>(work: () => Promise<T>): Promise<T> => {
    if (lost !== undefined) throw new EngineError('RUNTIME', `the weights on the device are lost: ${lost}`)
    try {
      return await work()
    } catch (error) {
      lost = messageOf(error)
      throw error
    }
  }
  const push = async (): Promise<void> => {
    await onDevice(weights.upload)
    newest = 'both'
  }
  return {
    state,
    gradient: undefined,
    step: async (runs, rates) => {
      if (newest === 'host') await push()
      const numbers = numberFeeds(state, rates.teacherTemperature)
      const total = nothingYet()
      let gradients: DeviceTensors = new Map()
      let summed: ReadonlyMap<string, number> | undefined
      try {
        for await (const feeds of runs) {
          const { resident, host } = await onDevice(() => session.run({ ...weightFeeds(state, weights), ...feeds, ...numbers }))
          gather(graph, host, total)
          const own = new Map(Object.entries(resident).map(([output, tensor]) => [output.slice(gradientOutput('').length), tensor]))
          if (total.runs === 1) gradients = own
          else {
            const before = gradients
            // The sum lets go of both, so they are no longer ours even where it fails.
            gradients = new Map()
            const sum = await onDevice(() => adder.add(before, own))
            gradients = sum.gradients
            summed = sum.squares
          }
        }
        if (total.features === undefined) throw new EngineError('INTERNAL', 'a step was given no pictures')
        const { metrics, squares, scale, finite, usable } = judge(total, summed ?? total.squares, state, options)
        if (usable) {
          await onDevice(() => updater.apply(gradients, squares, scale, rates))
          updateCentres(state, total, options.centreMomentum)
          newest = 'device'
        }
        return { metrics, features: total.features, finite }
      } finally {
        disposeAll(gradients)
      }
    },
    pull: async () => {
      if (newest !== 'device' && lost === undefined) return
      await onDevice(weights.download)
      newest = 'both'
    },
    push,
    release: async () => {
      weights.dispose()
      await Promise.all([session.release(), adder.release(), updater.release()])
    },
  }
}

function weightFeeds({ student, teacher, frozen }: TrainingState, weights: DeviceWeights): Readonly<Record<string, DeviceTensor>> {
  const asked = frozen === undefined ? ([teacher, 'teacher'] as const) : ([frozen, 'frozen'] as const)
  return Object.fromEntries([
    ...[...student.tensors.keys()].map((name) => [studentInput(name), weights.at('student', name)] as const),
    ...[...asked[0].tensors.keys()].map((name) => [teacherInput(name), weights.at(asked[1], name)] as const),
  ])
}

/** Centres are a few numbers, measured on the way back and fed with each run: they stay in this process's memory. */
function updateCentres({ centre, centreIbot }: TrainingState, { means, runs }: Accumulated, momentum: number): void {
  for (const [target, name] of [[centre, 'teacher.mean'], [centreIbot, 'teacher.mean.ibot']] as const) {
    const sum = means.get(name)
    if (target === undefined || sum === undefined) continue
    target.data.forEach((value, index) => { target.data[index] = momentum * value + (1 - momentum) * ((sum[index] ?? NaN) / runs) })
  }
}
