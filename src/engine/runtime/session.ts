/** @file One model loaded into ONNX Runtime: runs it, releases it, and says which line of ours a failing node came from. */
import { EngineError, messageOf, type ProviderName } from '../contract'
import { sitesNamedIn, type BuiltModel } from '../graph'
import { encodeModel } from '../onnx'
import type { DType, DTypeArrays, Tensor } from '../tensor'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'

export interface SessionOptions {
  readonly provider: ProviderName
  readonly threads: number
  /** Folder that external data locations are relative to. Checked by the caller: only files we validated. */
  readonly weightsFolder?: string
  /** By default `planned`. */
  readonly memory?: MemoryUse
}

/**
 * How a session gets memory: from a plan made in its first run, which the second then allocates as one block beside
 * what the first has used, or piece by piece from the pool, where a large graph needs half as much.
 */
export type MemoryUse = 'planned' | 'pooled'

export interface Session {
  /**
   * Feeds by input name, results by output name.
   * @param into tensors that outputs of these names are written into, on the CPU; such a tensor may be one that is fed,
   * where the op that writes it reads it last or element by element
   * @throws EngineError RUNTIME naming the failing node's creation line
   */
  run(feeds: Readonly<Record<string, Tensor>>, into?: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>
  release(): Promise<void>
}

/**
 * Loads a built model.
 * @throws EngineError RUNTIME when the runtime or the provider refuses it
 */
export async function openSession(built: BuiltModel, options: SessionOptions): Promise<Session> {
  const session = await loadModel(built, options)
  const outputNames = built.model.graph.outputs.map(({ name }) => name)
  let released = false
  return {
    run: async (feeds, into = {}) => {
      if (released) throw new EngineError('RUNTIME', `${built.model.graph.name} was released`)
      const fetches = Object.fromEntries(outputNames.map((name) => [name, into[name] === undefined ? null : toOrt(into[name])]))
      const results = await session.run(mapValues(feeds, toOrt), fetches).catch((error: unknown) => {
        throw runtimeError(`${built.model.graph.name} failed on ${options.provider}`, error, built)
      })
      return mapValues(results as Readonly<Record<string, OrtTensor>>, fromOrt)
    },
    release: async () => {
      if (released) return
      released = true
      await session.release()
    },
  }
}

/**
 * The runtime's session of a built model.
 * @param resident outputs that stay where the provider computes them
 * @throws EngineError RUNTIME when the runtime or the provider refuses it
 */
export async function loadModel(built: BuiltModel, options: SessionOptions, resident: readonly string[] = []): Promise<InferenceSession> {
  return InferenceSession.create(encodeModel(built.model), {
    executionProviders: [options.provider],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    enableMemPattern: options.memory !== 'pooled',
    // What fails is thrown with its reason; the runtime need not print it too.
    logSeverityLevel: 4,
    extra: { session: sessionConfig(options.weightsFolder) },
    ...(resident.length === 0 ? {} : { preferredOutputLocation: Object.fromEntries(built.model.graph.outputs.map(({ name }) => [name, resident.includes(name) ? 'gpu-buffer' : 'cpu'] as const)) }),
  }).catch((error: unknown) => {
    throw runtimeError(`${built.model.graph.name} could not be loaded on ${options.provider}`, error, built)
  })
}

/** Keys of onnxruntime_session_options_config_keys.h below `session.`. */
function sessionConfig(weightsFolder: string | undefined): Readonly<Record<string, string>> {
  return {
    // Worker threads that spin after a run take a core from the decoder, or from the next session.
    force_spinning_stop: '1',
    ...(weightsFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightsFolder }),
  }
}

/** What the runtime says, with the lines of ours that made the nodes it names. */
export function runtimeError(what: string, error: unknown, built: BuiltModel): EngineError {
  const reason = messageOf(error)
  const sites = sitesNamedIn(reason, built.sites)
  const where = sites.map(({ node, site }) => `\n  ${node} was made at ${site}`).join('')
  return new EngineError('RUNTIME', `${what}: ${reason}${where}`, { detail: { sites }, cause: error })
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

/** The runtime's view of a tensor's memory, made once per tensor: a training step feeds the same hundreds again and again. */
const views = new WeakMap<Tensor, OrtTensor>()

/** A tensor of ours as the runtime sees it. */
export function toOrt(tensor: Tensor): OrtTensor {
  const view = views.get(tensor) ?? viewOf(tensor)
  views.set(tensor, view)
  return view
}

function viewOf(tensor: Tensor): OrtTensor {
  switch (tensor.dtype) {
    case 'float32':
      return new OrtTensor('float32', tensor.data as Float32Array, tensor.shape)
    case 'int64':
      return new OrtTensor('int64', tensor.data as BigInt64Array, tensor.shape)
    case 'bool':
      return new OrtTensor('bool', tensor.data as Uint8Array, tensor.shape)
    case 'int8':
      return new OrtTensor('int8', tensor.data as Int8Array, tensor.shape)
    default:
      throw new EngineError('RUNTIME', `tensors of ${tensor.dtype} are not fed to the runtime`)
  }
}

/** A tensor of the runtime's, in this process's memory, as ours. */
export function fromOrt(tensor: OrtTensor): Tensor {
  return { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data as DTypeArrays[DType] }
}
