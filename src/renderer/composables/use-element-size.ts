/** @file The size of an element as it changes, in CSS pixels of its content box. */
import { onBeforeUnmount, shallowRef, watch, type Ref, type ShallowRef } from 'vue'

export interface ElementSize {
  readonly width: number
  readonly height: number
}

/** 0 × 0 until the element is on the page. */
export function useElementSize(element: Readonly<Ref<HTMLElement | null>>): Readonly<ShallowRef<ElementSize>> {
  const size = shallowRef<ElementSize>({ width: 0, height: 0 })
  const observer = new ResizeObserver(([entry]) => {
    if (entry !== undefined) size.value = { width: entry.contentRect.width, height: entry.contentRect.height }
  })
  watch(element, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) observer.observe(now)
  })
  onBeforeUnmount(() => {
    observer.disconnect()
  })
  return size
}
