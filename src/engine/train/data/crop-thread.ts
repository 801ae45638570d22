/** @file One worker thread of the loader, seen from the loader: tasks, answers, and an end that is always heard of. */
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { EngineError, fromWire, messageOf } from '../../contract'
import type { CropFailure, CropMakerOptions, CropTask } from './crop-maker'
import { findWorkerModule } from './worker-module'
import type { WorkerReply, WorkerRequest } from './worker-messages'

export interface CropThread {
  /** Settles when it has started, or could not. */
  readonly ready: Promise<void>
  make(task: CropTask): Promise<readonly CropFailure[]>
  cachedBytes(): number
  close(): Promise<void>
}

interface Waiting {
  resolve(failures: readonly CropFailure[]): void
  reject(error: EngineError): void
}

/** A thread cannot end before the decoder gives back what it is working on; nobody has to wait for that. */
const closeMs = 500

export function startThread(options: CropMakerOptions): CropThread {
  const worker = new Worker(findWorkerModule(), { workerData: options })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let cachedBytes = 0
  let ended: EngineError | undefined
  let becomeReady: () => void = () => undefined
  let refuse: (error: EngineError) => void = () => undefined
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve
    refuse = reject
  })
  // Whoever waits for it hears of it; nobody has to.
  ready.catch(() => undefined)

  const end = (error: EngineError): void => {
    ended ??= error
    refuse(ended)
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  const take = (id: number): Waiting | undefined => {
    const entry = waiting.get(id)
    waiting.delete(id)
    return entry
  }
  worker.on('message', (reply: WorkerReply) => {
    switch (reply.kind) {
      case 'ready':
        becomeReady()
        break
      case 'made':
        cachedBytes = reply.cachedBytes
        take(reply.id)?.resolve(reply.failures)
        break
      case 'failed':
        take(reply.id)?.reject(fromWire(reply.error))
        break
    }
  })
  worker.on('error', (error) => { end(new EngineError('INTERNAL', `a training data worker crashed: ${messageOf(error)}`, { cause: error })) })
  worker.on('exit', (code) => { end(new EngineError('INTERNAL', `a training data worker ended with code ${code}`)) })

  return {
    ready,
    make: (task) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended)
          return
        }
        const request: WorkerRequest = { id: ++lastId, task }
        waiting.set(request.id, { resolve, reject })
        worker.postMessage(request)
      }),
    cachedBytes: () => cachedBytes,
    close: async () => {
      end(new EngineError('CANCELLED', 'the training data loader was closed'))
      await Promise.race([worker.terminate(), setTimeout(closeMs, undefined, { ref: false })])
    },
  }
}
