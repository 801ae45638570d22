/** @file When and how a run saves: on time, after the numbers of the step are on disk, and never what is no number. */
import { saveCheckpoint, type MetricsLog, type RunFolder } from '../run'
import type { Recipe } from '../recipe'
import { isFiniteState, type Stepper } from '../step'
import type { Desk } from './desk'
import { onceThereIsRoom } from './patience'
import { memoryState, memoryTensors, type RunMemory } from './run-memory'

export interface Saving {
  /** Whether the interval since the last checkpoint has passed. */
  isDue(step: number): boolean
  /** Saves the state, which has been pulled. @throws EngineError DISK; for want of room only when the signal is aborted */
  save(options: { readonly best: boolean; readonly signal: AbortSignal }): Promise<void>
  /** Saves unless this step is saved already, or what it has learned is no number any more. */
  keep(signal: AbortSignal): Promise<void>
  /** Step of the newest checkpoint. */
  lastStep(): number | undefined
}

export interface SavingOptions {
  readonly run: RunFolder
  readonly recipe: Pick<Recipe, 'checkpoint'>
  readonly memory: RunMemory
  readonly stepper: Pick<Stepper, 'pull'>
  readonly desk: Desk
  /** Step of the checkpoint that the run goes on from. */
  readonly savedStep: number | undefined
  /** Whose lines must be on disk before a checkpoint is. */
  metrics(): MetricsLog
}

export function createSaving({ run, recipe: { checkpoint }, memory, stepper, desk, savedStep: before, metrics }: SavingOptions): Saving {
  let savedAtMs = performance.now()
  let savedStep = before
  const attempt = async (best: boolean): Promise<void> => {
    await metrics().sync()
    await saveCheckpoint(run, { step: memory.step, tensors: memoryTensors(memory), state: memoryState(memory) }, { best, onProblem: desk.note })
    savedAtMs = performance.now()
    savedStep = memory.step
    desk.checkpoint(memory.step, best)
  }
  const save: Saving['save'] = async ({ best, signal }) => {
    desk.phase('checkpointing', `saving step ${memory.step}`)
    await onceThereIsRoom(() => attempt(best), { desk, step: memory.step, signal })
  }
  return {
    isDue: (step) =>
      step !== savedStep && ((checkpoint.every_steps > 0 && step % checkpoint.every_steps === 0) || (checkpoint.every_minutes > 0 && performance.now() - savedAtMs >= checkpoint.every_minutes * 60_000)),
    save,
    keep: async (signal) => {
      if (savedStep === memory.step) return
      await stepper.pull()
      if (isFiniteState(memory.state)) await save({ best: false, signal })
      else desk.note(`step ${memory.step} is not saved: its weights are not finite; the checkpoint of step ${savedStep ?? 0} is kept`)
    },
    lastStep: () => savedStep,
  }
}
