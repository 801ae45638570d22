/** @file A film of frames: plays to the end, stays there longer, begins again; follows new frames at the end. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, shallowRef, type EffectScope } from 'vue'
import { usePlayback, type Playback } from '../../../src/renderer/composables/use-playback'

let scope: EffectScope
beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function film(frames: number) {
  const count = shallowRef(frames)
  const speed = shallowRef(10)
  const playback = scope.run(() => usePlayback(() => count.value, () => speed.value))
  return { count, speed, playback: playback as Playback }
}

describe('usePlayback', () => {
  it('starts at the newest frame and follows newer ones', () => {
    const { count, playback } = film(3)
    expect([playback.frame.value, playback.atEnd.value]).toEqual([2, true])
    count.value = 5
    expect(playback.frame.value).toBe(4)
    playback.frame.value = 1
    count.value = 6
    expect(playback.frame.value).toBe(1)
  })

  it('plays from the beginning when it stands at the end, rests there, and begins again', () => {
    const { playback } = film(3)
    playback.toggle()
    const seen = [playback.frame.value]
    for (let tick = 0; tick < 7; tick += 1) {
      vi.advanceTimersByTime(100)
      seen.push(playback.frame.value)
    }
    expect(seen).toEqual([0, 1, 2, 2, 2, 2, 0, 1])
    playback.toggle()
    vi.advanceTimersByTime(1000)
    expect([playback.frame.value, playback.playing.value]).toEqual([1, false])
  })

  it('stops for a step by hand, and has nothing to play with a single frame', () => {
    const { playback } = film(4)
    playback.toggle()
    playback.step(1)
    expect([playback.playing.value, playback.frame.value]).toEqual([false, 1])
    playback.step(-9)
    expect(playback.frame.value).toBe(0)
    const single = film(1).playback
    single.toggle()
    expect(single.playing.value).toBe(false)
  })
})
