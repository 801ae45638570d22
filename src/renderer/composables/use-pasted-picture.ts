/** @file Pictures pasted into a view, unless the paste is meant for a field. */
import { onBeforeUnmount, onMounted } from 'vue'
import { isTakenByControl, keyTarget } from '../services/keys'

/** Calls `onPicture` with the first picture of what is pasted. */
export function usePastedPicture(onPicture: (file: File) => void): void {
  const paste = (event: ClipboardEvent): void => {
    if (isTakenByControl(keyTarget(event), 'Mod+V')) return
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))
    if (file === undefined) return
    event.preventDefault()
    onPicture(file)
  }
  onMounted(() => {
    window.addEventListener('paste', paste)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('paste', paste)
  })
}
