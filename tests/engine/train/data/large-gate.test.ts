/** @file The gate for large pictures lets one through, over all threads that share its memory. */
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createGateState, openLargeGate } from '../../../../src/engine/train/data/large-gate'

it('lets one piece of work through at a time, also after a failed one', async () => {
  const state = createGateState()
  // Two views of the same memory, as two threads have.
  const gates = [openLargeGate(state), openLargeGate(state)]
  let running = 0
  let most = 0
  const work = (fails: boolean) => async (): Promise<string> => {
    running += 1
    most = Math.max(most, running)
    await setTimeout(2)
    running -= 1
    if (fails) throw new Error('damaged')
    return 'done'
  }
  const results = await Promise.allSettled([gates[0]!(work(true)), gates[1]!(work(false)), gates[0]!(work(false)), gates[1]!(work(true))])
  expect({ most, results: results.map(({ status }) => status) }).toEqual({ most: 1, results: ['rejected', 'fulfilled', 'fulfilled', 'rejected'] })
})
