/** @file Keyboard shortcuts of a view while it is on the page. */
import { onBeforeUnmount, onMounted } from 'vue'
import { isTakenByControl, keyName, keyTarget } from '../services/keys'

/** Handlers by key name, as keyName() gives them. */
export type KeyHandlers = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** Listens on the window. A handled key goes no further; presses meant for a control are left alone. */
export function useKeys(handlers: KeyHandlers): void {
  const listen = (event: KeyboardEvent): void => {
    const name = keyName(event)
    const handler = handlers[name]
    if (handler === undefined || event.defaultPrevented || isTakenByControl(keyTarget(event), name)) return
    event.preventDefault()
    handler(event)
  }
  onMounted(() => {
    window.addEventListener('keydown', listen)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', listen)
  })
}
