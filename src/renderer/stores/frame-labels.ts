/** @file Labels of one frame by patch, and how a brush changes them. Pure. */

/** 0 is background. */
export interface FrameLabels {
  readonly gridHeight: number
  readonly gridWidth: number
  /** uint8 [patches]. */
  readonly labels: Uint8Array
}

/** Sets labels within `radius` patches of one; the same array comes back where nothing changes. */
export function painted(labels: Uint8Array, gridWidth: number, patch: number, radius: number, label: number): Uint8Array {
  const [column, row] = [patch % gridWidth, Math.floor(patch / gridWidth)]
  const next = labels.slice()
  let changed = false
  for (let index = 0; index < next.length; index++) {
    const [dx, dy] = [(index % gridWidth) - column, Math.floor(index / gridWidth) - row]
    if (dx * dx + dy * dy > radius * radius || next[index] === label) continue
    next[index] = label
    changed = true
  }
  return changed ? next : labels
}
