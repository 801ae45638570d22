/** @file What a key press is called and whether it is meant for the page: one naming for handlers and for the sheet. */

/** The parts of a KeyboardEvent that name it. */
export interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/**
 * `ArrowLeft`, `Alt+ArrowLeft`, `Mod+O`, `?`. Ctrl and Cmd are both `Mod`; letters are upper case;
 * Shift is named only with keys that have no other form of their own.
 */
export function keyName({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyPress): string {
  const name = key === ' ' ? 'Space' : key.length === 1 ? key.toUpperCase() : key
  const parts = [ctrlKey || metaKey ? 'Mod' : '', altKey ? 'Alt' : '', shiftKey && key.length > 1 ? 'Shift' : '', name]
  return parts.filter((part) => part !== '').join('+')
}

const typingTargets = 'input, textarea, select, [contenteditable="true"]'
const floatingTargets = '[role="dialog"], [role="alertdialog"], [role="menu"]'
const pressTargets = 'button, a, summary'
const arrowTargets = '[role="slider"], [role="radiogroup"], [role="tablist"]'

/** The part of an Element that is asked. */
export interface KeyTarget {
  closest(selectors: string): unknown
}

/** Whether the press belongs to a field, a slider, a menu or a dialog rather than to the page. */
export function isTakenByControl(target: KeyTarget | null, name: string): boolean {
  const isIn = (selectors: string): boolean => target !== null && target.closest(selectors) !== null
  if (isIn(typingTargets) || isIn(floatingTargets)) return true
  if (name === 'Space' || name === 'Enter') return isIn(pressTargets)
  return name.startsWith('Arrow') && isIn(arrowTargets)
}

/** The element that a key event is aimed at. */
export function keyTarget(event: Event): KeyTarget | null {
  return event.target instanceof Element ? event.target : null
}
