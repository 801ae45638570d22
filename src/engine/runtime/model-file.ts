/** @file A finished ONNX file opened as any other program would open it: from its path, with whatever data lies beside it. */
import { EngineError, messageOf, type ProviderName } from '../contract'
import type { DType, DTypeArrays, Tensor } from '../tensor'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Session } from './session'

/**
 * Opens a file of our own making, or a foreign one that was checked and tried before. Inputs are float32.
 * @throws EngineError RUNTIME when the runtime refuses it
 */
export async function openModelFile(path: string, { provider, threads }: { readonly provider: ProviderName; readonly threads: number }): Promise<Session> {
  const session = await InferenceSession.create(path, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // What fails is thrown with its reason; the runtime need not print it too.
    logSeverityLevel: 4,
  }).catch((cause: unknown) => {
    throw new EngineError('RUNTIME', `${path} could not be loaded on ${provider}: ${messageOf(cause)}`, { detail: { path }, cause })
  })
  let released = false
  return {
    run: async (feeds) => {
      if (released) throw new EngineError('RUNTIME', `${path} was released`)
      const inputs = Object.entries(feeds).map(([name, { data, shape }]) => [name, new OrtTensor('float32', data as Float32Array, shape)] as const)
      const results = await session.run(Object.fromEntries(inputs)).catch((cause: unknown) => {
        throw new EngineError('RUNTIME', `${path} failed on ${provider}: ${messageOf(cause)}`, { detail: { path }, cause })
      })
      return Object.fromEntries(Object.entries(results as Readonly<Record<string, OrtTensor>>).map(([name, { type, dims, data }]): [string, Tensor] => [name, { dtype: type as DType, shape: dims, data: data as DTypeArrays[DType] }]))
    },
    release: async () => {
      if (released) return
      released = true
      await session.release()
    },
  }
}
