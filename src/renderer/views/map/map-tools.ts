/** @file What a drag on the map does: move the eye, or draw a shape that chooses points, adds them or takes them away. */

export const mapTools = ['navigate', 'rectangle', 'lasso'] as const
export type MapTool = (typeof mapTools)[number]

/** What becomes of the points of a shape. */
export type ShapeEffect = 'set' | 'add' | 'take'

interface Modifiers {
  readonly shiftKey: boolean
  readonly altKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
}

/** Shift draws a rectangle while one navigates, Shift and Alt a lasso. */
export function toolOf(tool: MapTool, { shiftKey, altKey }: Modifiers): MapTool {
  if (tool !== 'navigate' || !shiftKey) return tool
  return altKey ? 'lasso' : 'rectangle'
}

/** Ctrl or Cmd adds; Alt takes away, except where it asked for the lasso. */
export function effectOf({ shiftKey, altKey, ctrlKey, metaKey }: Modifiers): ShapeEffect {
  if (ctrlKey || metaKey) return 'add'
  return altKey && !shiftKey ? 'take' : 'set'
}
