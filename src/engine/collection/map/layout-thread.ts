/** @file A layout in a thread of its own: the event loop lives on, and a cancel ends it at once. */
import { Worker } from 'node:worker_threads'
import { EngineError, fromWire, messageOf } from '../../contract'
import { findBuiltModule } from '../../files'
import type { LayoutRequest } from './layout'
import type { LayoutReply } from './layout-worker'

/** Runs a layout somewhere. @throws the signal's reason */
export type RunLayout = (request: LayoutRequest, signal: AbortSignal, onShare: (share: number) => void) => Promise<Float32Array>

/** @throws EngineError INTERNAL when the thread cannot be started or fails; the signal's reason */
export const layOutInThread: RunLayout = async (request, signal, onShare) => {
  signal.throwIfAborted()
  const worker = new Worker(findBuiltModule('map-layout.js', 'layout of maps', import.meta.dirname), { workerData: request })
  let abort: () => void = () => undefined
  try {
    return await new Promise<Float32Array>((resolve, reject) => {
      abort = () => { reject(signal.reason as Error) }
      signal.addEventListener('abort', abort, { once: true })
      worker.on('message', (reply: LayoutReply) => {
        switch (reply.kind) {
          case 'share':
            onShare(reply.share)
            break
          case 'done':
            resolve(reply.coordinates)
            break
          case 'failed':
            reject(fromWire(reply.error))
        }
      })
      worker.on('error', (error) => { reject(new EngineError('INTERNAL', `the layout of the map crashed: ${messageOf(error)}`, { cause: error })) })
      worker.on('exit', (code) => { reject(new EngineError('INTERNAL', `the layout of the map ended with code ${code} before it was done`)) })
    })
  } finally {
    signal.removeEventListener('abort', abort)
    await worker.terminate()
  }
}
