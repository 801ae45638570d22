/** @file The first event is delivered at once, the rest together after the pause. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBatcher } from '../../../src/renderer/stores/batcher'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function setUp() {
  const delivered: (readonly number[])[] = []
  return { delivered, batcher: createBatcher<number>(100, (events) => delivered.push(events)) }
}

describe('createBatcher', () => {
  it('delivers the first at once and the rest after each pause', () => {
    const { delivered, batcher } = setUp()
    for (const event of [1, 2, 3]) batcher.add(event)
    expect(delivered).toEqual([[1]])
    vi.advanceTimersByTime(100)
    batcher.add(4)
    expect(delivered).toEqual([[1], [2, 3]])
    vi.advanceTimersByTime(100)
    expect(delivered).toEqual([[1], [2, 3], [4]])
    vi.advanceTimersByTime(200)
    batcher.add(5)
    expect(delivered.at(-1)).toEqual([5])
  })

  it('delivers what waits when asked, and nothing that was cleared', () => {
    const { delivered, batcher } = setUp()
    for (const event of [1, 2]) batcher.add(event)
    batcher.flush()
    batcher.flush()
    batcher.add(3)
    batcher.add(4)
    batcher.clear()
    vi.advanceTimersByTime(1000)
    expect(delivered).toEqual([[1], [2], [3]])
  })
})
