/** @file Parameters in parts, each with a graph of its own: what a part's graph makes replaces what it read before the next part runs. */
import type { BuiltModel } from '../../graph'
import type { ParameterSpec } from '../../nn'
import type { Device, DeviceSession, DeviceTensor } from '../../runtime'
import { elementCount } from '../../tensor'

/** Elements of a part: old and new values of so many are on the device together. A larger parameter is a part by itself. */
const partElements = 2 ** 23

/** Handles by parameter name. */
export type DeviceTensors = ReadonlyMap<string, DeviceTensor>

/** Cuts a list of parameters into consecutive parts. */
export function partsOf(parameters: readonly ParameterSpec[], limit = partElements): ParameterSpec[][] {
  const parts: ParameterSpec[][] = []
  let room = 0
  for (const parameter of parameters) {
    const size = elementCount(parameter.shape)
    const last = parts.at(-1)
    if (last !== undefined && size <= room) {
      last.push(parameter)
      room -= size
    } else {
      parts.push([parameter])
      room = limit - size
    }
  }
  return parts
}

export interface SessionShelf {
  /** The session under `key`, opened when first asked for. */
  of(key: string, resident: readonly string[], build: () => BuiltModel): Promise<DeviceSession>
  release(): Promise<void>
}

/** Sessions that are opened once and kept. */
export function createSessionShelf(device: Device): SessionShelf {
  const sessions = new Map<string, DeviceSession>()
  return {
    of: async (key, resident, build) => {
      const session = sessions.get(key) ?? (await device.open(build(), resident))
      sessions.set(key, session)
      return session
    },
    release: async () => {
      for (const session of sessions.values()) await session.release()
      sessions.clear()
    },
  }
}

/** Lets go of every handle. */
export function disposeAll(tensors: DeviceTensors): void {
  tensors.forEach((tensor) => { tensor.dispose() })
}
