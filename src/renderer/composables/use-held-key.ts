/** @file Whether one of some keys is held down. */
import { onBeforeUnmount, onMounted, shallowRef, type ShallowRef } from 'vue'
import { isTakenByControl, keyName, keyTarget } from '../services/keys'

/** True from the press to the release; leaving the window counts as a release. */
export function useHeldKey(names: readonly string[]): Readonly<ShallowRef<boolean>> {
  const held = shallowRef(false)
  const press = (event: KeyboardEvent): void => {
    const name = keyName(event)
    if (!names.includes(name) || isTakenByControl(keyTarget(event), name)) return
    event.preventDefault()
    held.value = true
  }
  const release = (event: KeyboardEvent): void => {
    if (names.includes(keyName(event))) held.value = false
  }
  const leave = (): void => {
    held.value = false
  }
  onMounted(() => {
    window.addEventListener('keydown', press)
    window.addEventListener('keyup', release)
    window.addEventListener('blur', leave)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', press)
    window.removeEventListener('keyup', release)
    window.removeEventListener('blur', leave)
  })
  return held
}
