/** @file A film of numbered frames: plays, pauses, steps and can be scrubbed; at the end it stays a moment and begins again. */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef, type WritableComputedRef } from 'vue'

export interface Playback {
  /** Held inside the frames there are. */
  readonly frame: WritableComputedRef<number>
  readonly playing: Readonly<ShallowRef<boolean>>
  readonly atEnd: ComputedRef<boolean>
  toggle(): void
  step(by: number): void
}

/** A newest frame that was being looked at is followed when newer ones come. */
export function usePlayback(count: () => number, framesPerSecond: () => number): Playback {
  const wanted = shallowRef(Infinity)
  const playing = shallowRef(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  const last = (): number => Math.max(0, count() - 1)
  const frame = computed({
    get: () => Math.min(last(), Math.max(0, wanted.value)),
    set: (next) => {
      wanted.value = next >= last() ? Infinity : Math.max(0, next)
    },
  })
  const atEnd = computed(() => frame.value === last())

  const schedule = (): void => {
    // The last picture is the one to look at longest.
    const pauseMs = (atEnd.value ? 4 : 1) * (1000 / framesPerSecond())
    timer = setTimeout(() => {
      frame.value = atEnd.value ? 0 : frame.value + 1
      schedule()
    }, pauseMs)
  }
  const stop = (): void => {
    clearTimeout(timer)
    playing.value = false
  }
  const toggle = (): void => {
    if (playing.value) {
      stop()
      return
    }
    if (count() < 2) return
    playing.value = true
    if (atEnd.value) frame.value = 0
    schedule()
  }
  const step = (by: number): void => {
    stop()
    frame.value = frame.value + by
  }
  watch(framesPerSecond, () => {
    if (!playing.value) return
    clearTimeout(timer)
    schedule()
  })
  onScopeDispose(stop)
  return { frame, playing, atEnd, toggle, step }
}
