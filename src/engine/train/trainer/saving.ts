/** @file When and how a run saves: on time, after the numbers of the step are on disk, and patiently where the disk is full. */
import { setTimeout as delay } from 'node:timers/promises'
import { isEngineError } from '../../contract'
import { saveCheckpoint, type MetricsLog, type RunFolder } from '../run'
import type { Recipe } from '../recipe'
import type { Desk } from './desk'
import { memoryState, memoryTensors, type RunMemory } from './run-memory'

export interface Saving {
  /** Whether the interval since the last checkpoint has passed. */
  isDue(step: number): boolean
  /** @throws EngineError DISK only when the signal is aborted while there is no room */
  save(options: { readonly best: boolean; readonly signal: AbortSignal }): Promise<void>
  lastStep(): number | undefined
}

const noRoomCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT']
const retryMs = 5000

export function createSaving(run: RunFolder, { checkpoint }: Pick<Recipe, 'checkpoint'>, memory: RunMemory, metrics: () => MetricsLog, desk: Desk): Saving {
  let savedAtMs = performance.now()
  let savedStep: number | undefined
  const attempt = async (best: boolean): Promise<void> => {
    await metrics().sync()
    await saveCheckpoint(run, { step: memory.step, tensors: memoryTensors(memory), state: memoryState(memory) }, { best, onProblem: desk.note })
    savedAtMs = performance.now()
    savedStep = memory.step
    desk.checkpoint(memory.step, best)
  }
  return {
    isDue: (step) =>
      step !== savedStep && ((checkpoint.every_steps > 0 && step % checkpoint.every_steps === 0) || (checkpoint.every_minutes > 0 && performance.now() - savedAtMs >= checkpoint.every_minutes * 60_000)),
    save: async ({ best, signal }) => {
      desk.phase('checkpointing', `saving step ${memory.step}`)
      let told = false
      for (;;) {
        try {
          await attempt(best)
          return
        } catch (error) {
          const noRoom = isEngineError(error, 'DISK') && noRoomCodes.includes(error.detail?.['code'])
          if (!noRoom || signal.aborted) throw error
          if (!told) desk.warn({ step: memory.step, code: 'disk-full', message: error.message, advice: 'Free some space; the run waits and goes on by itself. Nothing is lost.' })
          told = true
          desk.phase('paused', error.message)
          await delay(retryMs, undefined, { signal }).catch(() => undefined)
        }
      }
    },
    lastStep: () => savedStep,
  }
}
