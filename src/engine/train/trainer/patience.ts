/** @file Patience with a full disk: a run waits for room and goes on by itself. */
import { setTimeout as delay } from 'node:timers/promises'
import { isEngineError } from '../../contract'
import type { Desk } from './desk'

export interface Waiting {
  readonly desk: Desk
  /** Steps done. */
  readonly step: number
  /** Ends the waiting, not the work. */
  readonly signal: AbortSignal
}

const noRoomCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT']
const retryMs = 2000

/**
 * Does `work`, which leaves nothing half-done, and again while the disk has no room for it.
 * @throws whatever else `work` throws; EngineError DISK for want of room only where the signal is aborted
 */
export async function onceThereIsRoom<T>(work: () => Promise<T>, { desk, step, signal }: Waiting): Promise<T> {
  for (let waits = 0; ; waits++) {
    try {
      return await work()
    } catch (error) {
      const noRoom = isEngineError(error, 'DISK') && noRoomCodes.includes(error.detail?.['code'])
      if (!noRoom || signal.aborted) throw error
      if (waits === 0) {
        desk.warn({ step, code: 'disk-full', message: error.message, advice: 'Free some space; the run waits and goes on by itself. Nothing is lost.' })
        desk.phase('paused', error.message)
      }
      await delay(retryMs, undefined, { signal }).catch(() => undefined)
    }
  }
}
