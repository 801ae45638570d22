/** @file The trainer's side of its contract: one run or trial, steered from outside between its steps. */
import { EngineError, type FeasibilityCard, type HostPort, type JobContext, type Progress, type TrainEvent, type TrainResult } from '../../contract'
import type { TrainControl } from '../../train'
import type { OnnxTrial } from '../../weights'
import type { TryGraphRequest } from '../foreign/try-graph'
import { createHost } from '../host'
import { trainerContract, type TrainerCardRequest, type TrainerContract, type TrainerMachine } from './contract'

/** The training itself, given from outside so that the process around it can be tested without one. */
export interface Training {
  run(options: TrainerMachine & { readonly folder: string; readonly control: TrainControl }, context: JobContext<TrainEvent>): Promise<TrainResult>
  card(request: TrainerCardRequest, context: JobContext<Progress>): Promise<FeasibilityCard>
  tryGraph(request: TryGraphRequest, signal: AbortSignal): Promise<OnnxTrial>
}

export interface Trainer {
  attach(port: HostPort): void
  /** Stops what runs, as its own cancel would but with a reason, and answers when it has stopped. */
  end(reason: string): Promise<void>
}

/** Structured clones of Buffers are plain bytes on some transports. */
const asPath = (path: string | Uint8Array): string | Buffer => (typeof path === 'string' ? path : Buffer.from(path.buffer, path.byteOffset, path.byteLength))

/** Serves `training` to the engine. */
export function serveTrainer(training: Training): Trainer {
  const ending = new AbortController()
  const working = new Set<Promise<unknown>>()
  let paused = false
  let finishBy: Date | undefined

  const track = <T>(context: { readonly signal: AbortSignal }, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const running = work(AbortSignal.any([ending.signal, context.signal]))
    working.add(running)
    const over = (): boolean => working.delete(running)
    running.then(over, over)
    return running
  }
  const setFinishBy = (at: string | undefined): void => {
    finishBy = at === undefined ? undefined : new Date(at)
  }

  const host = createHost<TrainerContract>(
    trainerContract,
    {
      'trainer.run': (request, { signal, emit }) => {
        const { folder, provider, threads } = request
        paused = request.paused
        setFinishBy(request.finishBy)
        const control: TrainControl = { paused: () => paused, finishBy: () => finishBy }
        return track({ signal }, (stop) => training.run({ folder, provider, threads, control }, { signal: stop, emit }))
      },
      'trainer.card': (request, { signal, emit }) => {
        const images = request.images.map((image) => ({ ...image, path: asPath(image.path) }))
        return track({ signal }, (stop) => training.card({ ...request, images }, { signal: stop, emit }))
      },
      'onnx.try': (request, { signal }) => track({ signal }, (stop) => training.tryGraph(request, stop)),
      'trainer.pause': (request) => {
        paused = request.paused
        return Promise.resolve(undefined)
      },
      'trainer.finishBy': ({ at }) => {
        setFinishBy(at)
        return Promise.resolve(undefined)
      },
    },
    // The engine, which checked what came from a page, is the only one that can ask.
    (_name, argument) => argument,
  )
  return {
    attach: host.attach,
    end: async (reason) => {
      ending.abort(new EngineError('CANCELLED', reason))
      await Promise.allSettled(working)
    },
  }
}
