/** @file Sums gradients on the device when a step has several runs. */
import { buildModel, input, type BuiltModel } from '../../graph'
import type { ParameterSpec } from '../../nn'
import { add, concat, reshape, sumSquares } from '../../ops'
import type { Device, DeviceTensor } from '../../runtime'
import { elementCount, type Tensor } from '../../tensor'
import { createSessionShelf, disposeAll, partsOf, type DeviceTensors } from './device-parts'

export interface DeviceSum {
  readonly gradients: DeviceTensors
  /** Σ g² of each sum. */
  readonly squares: ReadonlyMap<string, number>
}

export interface DeviceAdder {
  /** left + right; both are let go, whatever happens. */
  add(left: DeviceTensors, right: DeviceTensors): Promise<DeviceSum>
  release(): Promise<void>
}

const leftInput = (name: string): string => `left.${name}`
const rightInput = (name: string): string => `right.${name}`
const sumOutput = (name: string): string => `sum.${name}`

function sumModel(part: readonly ParameterSpec[]): BuiltModel {
  const sums = part.map(({ name, shape }) => add(input(leftInput(name), 'float32', shape), input(rightInput(name), 'float32', shape)))
  const squares = concat(sums.map((sum, index) => sumSquares(reshape(sum, [elementCount(part[index]?.shape ?? [])]), 0, true)), 0)
  return buildModel('sum', { ...Object.fromEntries(part.map(({ name }, index) => [sumOutput(name), sums[index] ?? squares])), squares }, () => new Uint8Array())
}

export function createDeviceAdder(device: Device, trainable: readonly ParameterSpec[]): DeviceAdder {
  const parts = partsOf(trainable)
  const sessions = createSessionShelf(device)
  return {
    add: async (left, right) => {
      const gradients = new Map<string, DeviceTensor>()
      const squares = new Map<string, number>()
      try {
        for (const [index, part] of parts.entries()) {
          const session = await sessions.of(String(index), part.map(({ name }) => sumOutput(name)), () => sumModel(part))
          const { resident, host } = await session.run(Object.fromEntries(part.flatMap(({ name }) => [[leftInput(name), handleOf(left, name)], [rightInput(name), handleOf(right, name)]])))
          for (const [output, tensor] of Object.entries(resident)) gradients.set(output.slice(sumOutput('').length), tensor)
          const found = host['squares'] as Tensor<'float32'> | undefined
          part.forEach(({ name }, place) => squares.set(name, found?.data[place] ?? NaN))
          for (const { name } of part) for (const spent of [left, right]) spent.get(name)?.dispose()
        }
      } catch (error) {
        for (const spent of [left, right, gradients]) disposeAll(spent)
        throw error
      }
      return { gradients, squares }
    },
    release: sessions.release,
  }
}

/** The handle of a parameter's gradient. */
export function handleOf(tensors: DeviceTensors, name: string): DeviceTensor {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new RangeError(`there is no gradient of ${name}`)
  return tensor
}
