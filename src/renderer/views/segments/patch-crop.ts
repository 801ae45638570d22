/** @file What is shown around one patch: a square of patches that has it in its middle, as far as the picture goes. Pure. */

interface PatchPlace {
  readonly patch: number
  readonly gridHeight: number
  readonly gridWidth: number
}

export interface PatchCrop {
  /** The square, in patches. */
  readonly left: number
  readonly top: number
  readonly edge: number
  /** Where the patch lies in it, in patches. */
  readonly x: number
  readonly y: number
}

/** @param around patches on each side */
export function patchCrop({ patch, gridHeight, gridWidth }: PatchPlace, around: number): PatchCrop {
  const [column, row] = [patch % gridWidth, Math.floor(patch / gridWidth)]
  const edge = Math.min(2 * around + 1, gridHeight, gridWidth)
  const from = (place: number, length: number): number => Math.min(Math.max(0, place - Math.floor(edge / 2)), length - edge)
  const [left, top] = [from(column, gridWidth), from(row, gridHeight)]
  return { left, top, edge, x: column - left, y: row - top }
}
