import { describe, expect, it } from 'vitest'
import type { Progress } from '../../../src/engine/contract'
import { createProgress, progressAt } from '../../../src/engine/progress'

describe('progress', () => {
  it('tells rate and time left once there is enough to go by', () => {
    expect(progressAt('Work', 50, 200, 2000)).toEqual({ kind: 'progress', title: 'Work', done: 50, total: 200, value: 0.25, ratePerSecond: 25, etaMs: 6000 })
    expect(progressAt('Work', 1, 200, 100)).toMatchObject({ ratePerSecond: undefined, etaMs: undefined })
    expect(progressAt('Work', 0, 0, 0)).toMatchObject({ value: 1 })
  })

  it('reports the first, at most ten a second, and the last', () => {
    let clock = 0
    const events: Progress[] = []
    const progress = createProgress('Work', 100, (event) => events.push(event), () => clock)
    for (let unit = 0; unit < 100; unit++) {
      clock += 10
      progress.advance(1)
    }
    progress.finish()
    expect(events.map(({ done }) => done)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100])
  })

  it('counts what is found on the way', () => {
    let clock = 0
    const events: Progress[] = []
    const progress = createProgress('Work', 2, (event) => events.push(event), () => clock)
    progress.grow(6)
    clock = 1000
    progress.advance(2)
    expect(events.map(({ done, total, value, etaMs }) => ({ done, total, value, etaMs }))).toEqual([
      { done: 0, total: 2, value: 0, etaMs: undefined },
      { done: 2, total: 8, value: 0.25, etaMs: 3000 },
    ])
  })
})
