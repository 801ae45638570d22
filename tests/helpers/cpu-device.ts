/** @file A device that is really the CPU: it keeps no secret of who holds, feeds and fetches what, and can be lost on purpose. */
import type { BuiltModel } from '../../src/engine/graph'
import type { Device, DeviceResults, DeviceTensor, Runtime } from '../../src/engine/runtime'
import type { Tensor } from '../../src/engine/tensor'

export interface CpuDevice extends Device {
  /** Handles that were made and not let go of. */
  live(): number
  /** Every run from now on fails, as those of a lost device do. */
  lose(): void
  /** Calls that reached the device after it was lost. */
  askedWhenLost(): number
}

export function createCpuDevice(runtime: Runtime): CpuDevice {
  const held = new Map<DeviceTensor, Tensor>()
  let [uploadedBytes, downloadedBytes] = [0, 0]
  let isLost = false
  let askedWhenLost = 0
  const alive = (): void => {
    if (!isLost) return
    askedWhenLost++
    throw new Error('the device is lost')
  }
  const hold = (tensor: Tensor): DeviceTensor => {
    const handle: DeviceTensor = { place: 'device', dtype: tensor.dtype, shape: tensor.shape, dispose: () => void held.delete(handle) }
    held.set(handle, tensor)
    return handle
  }
  const reach = (handle: DeviceTensor): Tensor => {
    const tensor = held.get(handle)
    if (tensor === undefined) throw new Error('a tensor was used that had been let go of')
    return tensor
  }
  const open = async (built: BuiltModel, resident: readonly string[]) => {
    const session = await runtime.open(built)
    return {
      run: async (feeds: Readonly<Record<string, Tensor | DeviceTensor>>): Promise<DeviceResults> => {
        alive()
        const fed = Object.entries(feeds).map(([name, tensor]) => {
          if ('place' in tensor) return [name, reach(tensor)] as const
          uploadedBytes += tensor.data.byteLength
          return [name, tensor] as const
        })
        const results = await session.run(Object.fromEntries(fed))
        const host = Object.fromEntries(Object.entries(results).filter(([name]) => !resident.includes(name)))
        for (const { data } of Object.values(host)) downloadedBytes += data.byteLength
        return { host, resident: Object.fromEntries(resident.map((name) => [name, hold(results[name]!)])) }
      },
      release: session.release,
    }
  }
  return {
    open,
    upload: (tensor) => {
      alive()
      uploadedBytes += tensor.data.byteLength
      return Promise.resolve(hold({ ...tensor, data: tensor.data.slice() }))
    },
    download: (tensor, into) => {
      alive()
      downloadedBytes += into.data.byteLength
      into.data.set(reach(tensor).data as Float32Array)
      return Promise.resolve()
    },
    traffic: () => ({ uploadedBytes, downloadedBytes }),
    release: () => Promise.resolve(),
    live: () => held.size,
    lose: () => { isLost = true },
    askedWhenLost: () => askedWhenLost,
  }
}
