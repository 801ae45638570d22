/** @file Pacing of job events: progress is coalesced, nothing else is touched. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEventSender } from '../../../src/engine/host/event-sender'

const progress = (done: number): { readonly kind: 'progress'; readonly done: number } => ({ kind: 'progress', done })

describe('the event sender', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('sends at most ten progress messages a second, the newest each time', () => {
    const sent: unknown[] = []
    const sender = createEventSender((event) => sent.push(event))
    for (let step = 0; step < 1000; step++) {
      sender.emit(progress(step))
      vi.advanceTimersByTime(1)
    }
    expect(sent).toEqual([0, 99, 199, 299, 399, 499, 599, 699, 799, 899, 999].map(progress).slice(0, sent.length))
    expect(sent.length).toBeGreaterThanOrEqual(10)
    expect(sent.length).toBeLessThanOrEqual(11)
  })

  it('sends due progress at once when the thread was too busy for timers', () => {
    let clock = 0
    const sent: unknown[] = []
    const sender = createEventSender((event) => sent.push(event), () => clock)
    for (const at of [0, 50, 150, 420]) {
      clock = at
      sender.emit(progress(at))
    }
    expect(sent).toEqual([progress(0), progress(150), progress(420)])
  })

  it('never drops, delays or reorders other kinds', () => {
    const sent: unknown[] = []
    const sender = createEventSender((event) => sent.push(event))
    const found = Array.from({ length: 50 }, (_, index) => ({ kind: 'found', index }))
    for (const event of found) {
      sender.emit(progress(event.index))
      sender.emit(event)
    }
    expect(sent).toEqual([progress(0), ...found])
  })

  it('sends the waiting progress when flushed and nothing once closed', () => {
    const sent: unknown[] = []
    const sender = createEventSender((event) => sent.push(event))
    sender.emit(progress(1))
    sender.emit(progress(2))
    sender.flush()
    sender.emit(progress(3))
    sender.close()
    sender.emit({ kind: 'found' })
    vi.advanceTimersByTime(1000)
    expect(sent).toEqual([progress(1), progress(2)])
  })
})
