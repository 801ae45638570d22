/** @file Entry of the worker thread of a layout: one request, then it ends. Never runs a model. */
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError, toWire, type WireError } from '../../contract'
import { layOut, type LayoutRequest } from './layout'

export type LayoutReply =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'done'; readonly coordinates: Float32Array }
  | { readonly kind: 'failed'; readonly error: WireError }

/** Told no more often than this. */
const stepOfShare = 0.005

const port = parentPort
if (port === null) throw new EngineError('INTERNAL', 'the layout of a map is started by the engine, as a worker thread')
let told = 0
try {
  const coordinates = await layOut(workerData as LayoutRequest, (share) => {
    if (share < told + stepOfShare) return
    told = share
    port.postMessage({ kind: 'share', share } satisfies LayoutReply)
  })
  port.postMessage({ kind: 'done', coordinates } satisfies LayoutReply, [coordinates.buffer])
} catch (error) {
  port.postMessage({ kind: 'failed', error: toWire(error) } satisfies LayoutReply)
}
