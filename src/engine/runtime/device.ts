/** @file The memory of a provider's device: tensors that stay there from one session to the next, and their way there and back. */
import { EngineError, messageOf } from '../contract'
import { buildModel, input, type BuiltModel } from '../graph'
import type { DType, Tensor } from '../tensor'
import type { Tensor as OrtTensor } from 'onnxruntime-node'
import { fromOrt, loadModel, runtimeError, toOrt, type SessionOptions } from './session'

/** A tensor on the device. Its owner disposes of it; whoever feeds it does not. */
export interface DeviceTensor {
  readonly place: 'device'
  readonly dtype: DType
  readonly shape: readonly number[]
  dispose(): void
}

export interface DeviceResults {
  /** Outputs that stayed on the device; the caller disposes of them. */
  readonly resident: Readonly<Record<string, DeviceTensor>>
  /** All others. */
  readonly host: Readonly<Record<string, Tensor>>
}

export interface DeviceSession {
  /** @throws EngineError RUNTIME naming the failing node's creation line */
  run(feeds: Readonly<Record<string, Tensor | DeviceTensor>>): Promise<DeviceResults>
  release(): Promise<void>
}

/** Bytes that have crossed between this process's memory and the device. */
export interface Traffic {
  readonly uploadedBytes: number
  readonly downloadedBytes: number
}

export interface Device {
  /** Loads a model whose outputs named in `resident` stay on the device. The caller releases the session. */
  open(built: BuiltModel, resident: readonly string[]): Promise<DeviceSession>
  /** A float32 tensor's copy on the device. */
  upload(tensor: Tensor<'float32'>): Promise<DeviceTensor>
  /** Copies a float32 tensor of the device into memory of the same size. */
  download(tensor: DeviceTensor, into: Tensor<'float32'>): Promise<void>
  traffic(): Traffic
  /** Releases the device's own sessions, not those it has opened. */
  release(): Promise<void>
}

/** The runtime's tensor behind each handle; nobody else needs to see it. */
const handles = new WeakMap<DeviceTensor, OrtTensor>()

/** @param options of the sessions; the provider's binding must know device tensors, which in onnxruntime-node only WebGPU's does */
export function createDevice(options: Pick<SessionOptions, 'provider' | 'threads'>): Device {
  let [uploadedBytes, downloadedBytes] = [0, 0]
  const copiers = new Map<string, Promise<DeviceSession>>()

  const onDevice = (tensor: OrtTensor): DeviceTensor => {
    const handle: DeviceTensor = { place: 'device', dtype: tensor.type as DType, shape: tensor.dims, dispose: () => { tensor.dispose() } }
    handles.set(handle, tensor)
    return handle
  }
  const feed = (tensor: Tensor | DeviceTensor): OrtTensor => {
    if ('data' in tensor) {
      uploadedBytes += tensor.data.byteLength
      return toOrt(tensor)
    }
    const behind = handles.get(tensor)
    if (behind === undefined) throw new EngineError('INTERNAL', 'a tensor of another device was fed')
    return behind
  }
  const open = async (built: BuiltModel, resident: readonly string[]): Promise<DeviceSession> => {
    const session = await loadModel(built, { ...options, memory: 'pooled' }, resident)
    let released = false
    return {
      run: async (feeds) => {
        const results = await session.run(Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, feed(tensor)]))).catch((error: unknown) => {
          throw runtimeError(`${built.model.graph.name} failed on ${options.provider}`, error, built)
        })
        const host: Record<string, Tensor> = {}
        const kept: Record<string, DeviceTensor> = {}
        for (const [name, tensor] of Object.entries(results as Readonly<Record<string, OrtTensor>>)) {
          if (resident.includes(name)) {
            kept[name] = onDevice(tensor)
            continue
          }
          const copy = fromOrt(tensor)
          host[name] = copy
          downloadedBytes += copy.data.byteLength
        }
        return { resident: kept, host }
      },
      release: async () => {
        if (released) return
        released = true
        await session.release()
      },
    }
  }
  /** A tensor is copied by a graph that does nothing; asking the tensor itself for its data ends the process (onnxruntime-node 1.30). */
  const copier = (rank: number, resident: boolean): Promise<DeviceSession> => {
    const key = `${rank} ${String(resident)}`
    const known = copiers.get(key) ?? open(buildModel('copy', { copy: input('x', 'float32', Array.from({ length: rank }, (_, axis) => `size${axis}`)) }, () => new Uint8Array()), resident ? ['copy'] : [])
    copiers.set(key, known)
    return known
  }
  return {
    open,
    upload: async (tensor) => {
      const { resident } = await (await copier(tensor.shape.length, true)).run({ x: tensor })
      if (resident['copy'] === undefined) throw new EngineError('RUNTIME', `${options.provider} kept no copy of a tensor`)
      return resident['copy']
    },
    download: async (tensor, into) => {
      const { host } = await (await copier(tensor.shape.length, false)).run({ x: tensor })
      into.data.set(host['copy']?.data as Float32Array)
    },
    traffic: () => ({ uploadedBytes, downloadedBytes }),
    release: async () => {
      await Promise.all([...copiers.values()].map(async (session) => (await session).release()))
      copiers.clear()
    },
  }
}

/** Whether tensors really come back from the device as they went, which is asked before anything relies on it. @returns why not */
export async function tryDevice(device: Device): Promise<string | undefined> {
  const there: Tensor<'float32'> = { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-3, 1e6) }
  const back: Tensor<'float32'> = { ...there, data: new Float32Array(6) }
  try {
    const copy = await device.upload(there)
    await device.download(copy, back)
    copy.dispose()
    return there.data.every((value, index) => back.data[index] === value) ? undefined : 'tensors come back changed'
  } catch (error) {
    return messageOf(error)
  }
}
