/** @file Broadcasts are thinned out, and the last is never lost. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createPace } from '../../../../src/engine/host/runs/pace'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('sends the first at once, then the newest every 100 ms, then the last', () => {
  const sent: string[] = []
  const pace = createPace<number>(100, (value) => sent.push(`${value} at ${Date.now() - startedMs}`), () => Date.now())
  const startedMs = Date.now()
  for (let value = 0; value < 25; value++) {
    pace.offer(value)
    vi.advanceTimersByTime(10)
  }
  vi.advanceTimersByTime(1000)
  expect(sent).toEqual(['0 at 0', '9 at 100', '19 at 200', '24 at 300'])
})

it('sends what waits when it is flushed, and nothing twice', () => {
  const sent: number[] = []
  const pace = createPace<number>(100, (value) => sent.push(value), () => Date.now())
  pace.offer(1)
  pace.offer(2)
  pace.flush()
  pace.flush()
  vi.advanceTimersByTime(1000)
  expect(sent).toEqual([1, 2])
})
