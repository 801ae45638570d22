/** @file A trial in a trainer process of its own, which takes its memory with it when it ends. */
import { connect, EngineError, isEngineError, type FeasibilityCard, type JobContext, type Progress } from '../../contract'
import { trainerContract, type TrainerCardRequest } from '../trainer/contract'
import type { StartTrainer } from '../trainer/process'

/** A step of a large model cannot be interrupted; a trial has nothing to save, so it is not waited for longer. */
const stopLimitMs = 5000

/**
 * Answers when the process has ended as well, so that what follows has the machine for itself.
 * @throws EngineError what the trial throws; MEMORY when its process died; the signal's reason
 */
export async function runTrial(startTrainer: StartTrainer, request: TrainerCardRequest, { signal, emit }: JobContext<Progress>): Promise<FeasibilityCard> {
  signal.throwIfAborted()
  const trainer = startTrainer()
  const exited = new Promise<string>((resolve) => {
    trainer.onExit(resolve)
  })
  const { client } = connect(trainerContract, trainer.port)
  const job = client['trainer.card'](request, emit)
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    void job.cancel()
    timer = setTimeout(trainer.kill, stopLimitMs)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await job.result
  } catch (error) {
    signal.throwIfAborted()
    if (!isEngineError(error, 'ENGINE_EXITED')) throw error
    throw new EngineError('MEMORY', `the trial ended before it was done: ${await exited}. Most often there was not enough memory: make the batch or the model smaller.`, { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
    trainer.port.close()
    timer ??= setTimeout(trainer.kill, stopLimitMs)
    await exited
    clearTimeout(timer)
  }
}
