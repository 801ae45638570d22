/** @file A value that is held: it stays while it is, however often that is asked, and is the newest afterwards. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, shallowRef, type EffectScope } from 'vue'
import { useHeld, type Held } from '../../../src/renderer/composables/use-held'

let scope: EffectScope
beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function heldOver(source: { readonly value: string }): Held<string> {
  const held = scope.run(() => useHeld(() => source.value, 500))
  if (held === undefined) throw new Error('the scope is over')
  return held
}

describe('useHeld', () => {
  it('follows at once while nothing holds it', () => {
    const source = shallowRef('a')
    const { value } = heldOver(source)
    source.value = 'b'
    expect(value.value).toBe('b')
  })

  it('stays between two clicks, each of which begins the wait anew, and is the newest after it', () => {
    const source = shallowRef('a')
    const { value, hold } = heldOver(source)
    hold()
    source.value = 'b'
    vi.advanceTimersByTime(400)
    hold()
    source.value = 'c'
    vi.advanceTimersByTime(400)
    expect(value.value).toBe('a')
    vi.advanceTimersByTime(100)
    expect(value.value).toBe('c')
    source.value = 'd'
    expect(value.value).toBe('d')
  })
})
