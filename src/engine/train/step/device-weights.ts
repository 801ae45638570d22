/** @file Weights and moments on a device: one handle for each, exchanged for the next when a step has made it. */
import { EngineError } from '../../contract'
import type { Device, DeviceTensor } from '../../runtime'
import { tensorOf } from './flat-tensors'
import type { TrainingState } from './training-state'

const roles = ['student', 'teacher', 'first', 'second'] as const

/** The parts of a state that live on the device and change. */
export type WeightRole = (typeof roles)[number]

export interface DeviceWeights {
  /** @throws EngineError INTERNAL before anything was uploaded */
  at(role: WeightRole | 'frozen', name: string): DeviceTensor
  /** Puts `next` in the place of what was there, which is let go. */
  replace(role: WeightRole, name: string, next: DeviceTensor): void
  /** Device ← state. */
  upload(): Promise<void>
  /** State ← device. */
  download(): Promise<void>
  dispose(): void
}

/** Where the weights of `state` are kept; empty until they are uploaded. */
export function createDeviceWeights(device: Device, state: TrainingState): DeviceWeights {
  const held = new Map<string, DeviceTensor>()
  const keyOf = (role: WeightRole | 'frozen', name: string): string => `${role} ${name}`
  const at = (role: WeightRole | 'frozen', name: string): DeviceTensor => {
    const tensor = held.get(keyOf(role, name))
    if (tensor === undefined) throw new EngineError('INTERNAL', `${name} of ${role} is not on the device`)
    return tensor
  }
  const replace = (role: WeightRole | 'frozen', name: string, next: DeviceTensor): void => {
    held.get(keyOf(role, name))?.dispose()
    held.set(keyOf(role, name), next)
  }
  return {
    at,
    replace,
    upload: async () => {
      for (const role of roles) for (const { name } of state.parameters) replace(role, name, await device.upload(tensorOf(state[role], name)))
      // What is frozen goes there once.
      for (const [name, tensor] of state.frozen?.tensors ?? []) if (!held.has(keyOf('frozen', name))) replace('frozen', name, await device.upload(tensor))
    },
    download: async () => {
      for (const role of roles) for (const { name } of state.parameters) await device.download(at(role, name), tensorOf(state[role], name))
    },
    dispose: () => {
      held.forEach((tensor) => { tensor.dispose() })
      held.clear()
    },
  }
}
