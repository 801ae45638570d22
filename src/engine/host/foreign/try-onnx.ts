/** @file Trials of foreign graphs, each in a process of its own with a limit on memory and on time: what hangs or eats there is ended there. */
import { readdir, stat } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { connect, EngineError, isEngineError } from '../../contract'
import type { TryOnnx } from '../../weights'
import { trainerContract } from '../trainer/contract'
import type { StartTrainer, TrainerProcess } from '../trainer/process'

export interface TrialLimits {
  readonly memoryBytes: number
  readonly ms: number
}

const gibibyte = 2 ** 30
/** Loading and three runs of ViT-L take four seconds on two slow cores. */
const trialMs = 20_000
/** Reading a gigabyte of weights from a slow disk. */
const msPerGibibyte = 10_000
/** The process itself, and what three runs of a large vision model hold. */
const runBytes = 2 * gibibyte
/** Weights as they are read, as they are kept, and as they are arranged for products. */
const weightCopies = 3

/** What a graph of so many bytes may take: never nearly all of the machine's memory. */
export function trialLimits(modelBytes: number, machineBytes: number = totalmem()): TrialLimits {
  return {
    memoryBytes: Math.min(runBytes + weightCopies * modelBytes, Math.floor(0.8 * machineBytes)),
    ms: trialMs + Math.round((msPerGibibyte * modelBytes) / gibibyte),
  }
}

/**
 * @param start starts the process
 * @param limits for a model of so many bytes
 */
export function createOnnxTrials(start: StartTrainer, limits: (modelBytes: number) => TrialLimits = trialLimits): TryOnnx {
  return async (request, signal) => {
    signal.throwIfAborted()
    const { memoryBytes, ms } = limits(await bytesIn(dirname(request.path)))
    const process = start()
    const exited = new Promise<string>((resolve) => {
      process.onExit(resolve)
    })
    let late = false
    const timer = setTimeout(() => {
      late = true
      process.kill()
    }, ms)
    signal.addEventListener('abort', process.kill, { once: true })
    try {
      const { client } = connect(trainerContract, process.port)
      return await client['onnx.try']({ ...request, memoryBytes }, () => undefined).result
    } catch (error) {
      signal.throwIfAborted()
      if (!isEngineError(error, 'ENGINE_EXITED')) throw error
      throw late ? tooSlow(ms) : tooLarge(memoryBytes, await exited, error)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', process.kill)
      await endOf(process, exited)
    }
  }
}

function tooSlow(ms: number): EngineError {
  return new EngineError('MODEL_RESOURCE', `The model was not ready within ${Math.round(ms / 1000)} s when it was tried on small pictures, and was ended. Nothing of it was kept`)
}

function tooLarge(memoryBytes: number, reason: string, cause: unknown): EngineError {
  const gigabytes = (memoryBytes / gibibyte).toFixed(1)
  return new EngineError('MODEL_RESOURCE', `The model took more than ${gigabytes} GB of memory when it was tried on small pictures, or broke the runtime, and its process ended (${reason}). Nothing of it was kept`, { cause })
}

/** Nothing of a trial is worth waiting for. */
async function endOf(process: TrainerProcess, exited: Promise<string>): Promise<void> {
  process.port.close()
  process.kill()
  await exited
}

async function bytesIn(folder: string): Promise<number> {
  let total = 0
  for (const name of await readdir(folder)) total += (await stat(join(folder, name))).size
  return total
}
