/** @file A value that follows another one, but not more often than a pause allows; the last value always arrives. */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'

export function usePaced<T>(source: () => T, pauseMs: () => number): Readonly<ShallowRef<T>> {
  const value = shallowRef(source()) as ShallowRef<T>
  let timer: ReturnType<typeof setTimeout> | undefined
  let shownAtMs = performance.now()
  const show = (): void => {
    timer = undefined
    shownAtMs = performance.now()
    value.value = source()
  }
  watch(source, () => {
    if (timer !== undefined) return
    const waitMs = shownAtMs + pauseMs() - performance.now()
    if (waitMs <= 0) show()
    else timer = setTimeout(show, waitMs)
  })
  onScopeDispose(() => {
    clearTimeout(timer)
  })
  return value
}
