/** @file A value that stays as it is for a while when it is asked to, and then follows its source again. */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'

export interface Held<T> {
  readonly value: Readonly<ShallowRef<T>>
  /** Keeps the value for `ms` from now on. */
  hold(): void
}

export function useHeld<T>(source: () => T, ms: number): Held<T> {
  const value = shallowRef(source()) as ShallowRef<T>
  let timer: ReturnType<typeof setTimeout> | undefined
  const release = (): void => {
    timer = undefined
    value.value = source()
  }
  watch(
    source,
    (next) => {
      if (timer === undefined) value.value = next
    },
    { flush: 'sync' },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
  })
  return {
    value,
    hold: () => {
      clearTimeout(timer)
      timer = setTimeout(release, ms)
    },
  }
}
