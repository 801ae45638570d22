/** @file Gives the keys back to the page after a click. */

/**
 * After a click with the mouse on a button inside `event.currentTarget`, the focus goes back to the page, so that the
 * arrow keys move through the pictures and not through the tabs. Presses with the keyboard keep their focus.
 */
export function releaseFocus(event: MouseEvent): void {
  const { activeElement } = document
  const isMouse = event.detail > 0
  if (!isMouse || !(activeElement instanceof HTMLElement) || !(event.currentTarget instanceof Node)) return
  if (event.currentTarget.contains(activeElement) && activeElement.closest('button') !== null) activeElement.blur()
}
