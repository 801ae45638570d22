/** @file The one user of ONNX Runtime in a process: the chosen provider, and sessions shared by key. */
import type { ProviderName, ProviderReport } from '../contract'
import type { BuiltModel } from '../graph'
import type { AttentionForm } from '../ops'
import { availableParallelism } from 'node:os'
import { createDevice, tryDevice, type Device } from './device'
import { openModelFile } from './model-file'
import { chooseProvider } from './providers'
import { openSession, type Session, type SessionOptions } from './session'

export interface RuntimeOptions {
  readonly preferred?: ProviderName
  readonly threads?: number
}

/** How one session differs from the runtime's others: where its external data lies, how it gets memory, how many threads it takes. */
export type OpenOptions = Partial<Pick<SessionOptions, 'weightsFolder' | 'memory' | 'threads'>>

export interface Runtime {
  readonly provider: ProviderName
  /** The form of attention that this provider computes correctly. */
  readonly attention: AttentionForm
  /** Whether the provider multiplies in half precision, and well enough. */
  readonly float16: boolean
  readonly reports: readonly ProviderReport[]
  readonly threads: number
  /** The provider's memory, where tensors can stay in it between sessions; undefined where they come back each time, or where it is ours. */
  readonly device: Device | undefined
  /** Loads a built model. The caller releases the session. */
  open(built: BuiltModel, options?: OpenOptions): Promise<Session>
  /** Opens an ONNX file from its path: one of our own making, or a foreign one that was checked. The caller releases the session. */
  openFile(path: string): Promise<Session>
  /** Releases every session that is still open. */
  dispose(): Promise<void>
}

/** Probes the providers and makes the runtime. */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const threads = options.threads ?? availableParallelism()
  const { provider, attention, float16, reports } = await chooseProvider(threads, options.preferred)
  const device = await deviceOf(provider, threads)
  const open = new Set<Session>()
  const kept = (session: Session): Session => {
    open.add(session)
    return {
      run: session.run,
      release: async () => {
        open.delete(session)
        await session.release()
      },
    }
  }
  return {
    provider,
    attention,
    float16,
    reports,
    threads,
    device,
    open: async (built, own) => kept(await openSession(built, { provider, threads, ...own })),
    openFile: async (path) => kept(await openModelFile(path, { provider, threads })),
    dispose: async () => {
      await device?.release()
      await Promise.all([...open].map((session) => session.release()))
      open.clear()
    },
  }
}

/** onnxruntime-node gives out device memory of WebGPU alone. */
async function deviceOf(provider: ProviderName, threads: number): Promise<Device | undefined> {
  if (provider !== 'webgpu') return undefined
  const device = createDevice({ provider, threads })
  if ((await tryDevice(device)) === undefined) return device
  await device.release()
  return undefined
}
