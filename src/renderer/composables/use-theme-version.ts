/** @file A number that changes when the colours of the page may have: for what is drawn on a canvas and does not follow by itself. */
import { nextTick, onBeforeUnmount, onMounted, shallowRef, watch, type ShallowRef } from 'vue'
import { useSettingsStore } from '../stores/settings'

export function useThemeVersion(): Readonly<ShallowRef<number>> {
  const version = shallowRef(0)
  const settings = useSettingsStore()
  const system = matchMedia('(prefers-color-scheme: dark)')
  const change = (): void => {
    version.value += 1
  }
  // The attribute that carries the theme is written by an effect of the frame, which runs first.
  watch(
    () => settings.values.theme,
    () => void nextTick(change),
  )
  onMounted(() => {
    system.addEventListener('change', change)
  })
  onBeforeUnmount(() => {
    system.removeEventListener('change', change)
  })
  return version
}
