import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEventBatch } from '../../../src/engine/library/event-batch'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('createEventBatch', () => {
  it('sends the first at once, then what gathers within a moment together', () => {
    const sent: (readonly number[])[] = []
    const batch = createEventBatch<number>((items) => sent.push(items))
    batch.add([1])
    batch.add([2])
    batch.add([3, 4])
    const before = [...sent]
    vi.advanceTimersByTime(100)
    expect({ before, sent }).toEqual({ before: [[1]], sent: [[1], [2, 3, 4]] })
  })

  it('takes as many at once as there are', () => {
    const sent: number[] = []
    const batch = createEventBatch<number>((items) => sent.push(items.length))
    batch.add(Array.from({ length: 1_000_000 }, (_, index) => index))
    expect(sent).toEqual([1_000_000])
  })

  it('does not let a batch grow without end', () => {
    const sent: number[] = []
    const batch = createEventBatch<number>((items) => sent.push(items.length))
    batch.add([0])
    for (let item = 0; item < 600; item++) batch.add([item])
    expect(sent).toEqual([1, 256, 256])
  })

  it('sends what is held when asked, and nothing after it was dropped', () => {
    const sent: (readonly number[])[] = []
    const batch = createEventBatch<number>((items) => sent.push(items))
    batch.add([1])
    batch.add([2])
    batch.flush()
    batch.add([3])
    batch.drop()
    batch.add([4])
    batch.flush()
    vi.advanceTimersByTime(1000)
    expect(sent).toEqual([[1], [2]])
  })
})
