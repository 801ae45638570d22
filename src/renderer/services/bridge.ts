/** @file The one place that looks at `window.dinoscope`: which of the two homes the page lives in. */
import type { DinoscopeBridge } from '../../preload/contract'

declare global {
  // Declared on the global object because the preload puts it there; absent in a browser.
  var dinoscope: DinoscopeBridge | undefined
}

/** The desktop shell's offer, or undefined in a browser. */
export function desktopBridge(): DinoscopeBridge | undefined {
  return globalThis.dinoscope
}
