/** @file Entry of a worker thread of the training data loader. Decodes and crops; never runs a model. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { EngineError, toWire } from '../../contract'
import { assertUntrustedLoadersBlocked } from '../../image'
import { createCropMaker, type CropItem, type CropMakerOptions } from './crop-maker'
import type { WorkerReply, WorkerRequest } from './worker-messages'

/** A Buffer arrives as plain bytes, which no file function takes for a path's encoding. */
function withPath(item: CropItem): CropItem {
  const { path } = item
  return typeof path === 'string' ? item : { ...item, path: Buffer.from(path) }
}

async function serve(port: MessagePort): Promise<void> {
  await assertUntrustedLoadersBlocked()
  const maker = createCropMaker(workerData as CropMakerOptions)
  const say = (reply: WorkerReply): void => { port.postMessage(reply) }
  port.on('message', ({ id, task }: WorkerRequest) => {
    maker.make({ ...task, items: task.items.map(withPath) }).then(
      (failures) => { say({ kind: 'made', id, failures, cachedBytes: maker.cachedBytes }) },
      (error: unknown) => { say({ kind: 'failed', id, error: toWire(error) }) },
    )
  })
  say({ kind: 'ready' })
}

if (parentPort === null) throw new EngineError('INTERNAL', 'the training data worker is started by its loader, as a worker thread')
await serve(parentPort)
