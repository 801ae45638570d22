/** @file Where pairs of patches lie on the page, and the colours that tell them apart. Pure. */
import type { MutualMatches } from '../../../engine/contract'
import type { PatchGrid } from '../../stores/inspector-view'
import type { Point, Size } from '../inspector/stage-geometry'

export interface MatchLine {
  readonly left: number
  readonly right: number
  readonly cosine: number
  readonly from: Point
  readonly to: Point
  /** CSS colour: by where the left patch lies, so that lines that go together look alike. */
  readonly colour: string
}

/** The middle of a patch within a rectangle. */
export function patchCentre(patch: number, { gridHeight, gridWidth }: PatchGrid, rect: Point & Size): Point {
  return {
    x: rect.x + (((patch % gridWidth) + 0.5) / gridWidth) * rect.width,
    y: rect.y + ((Math.floor(patch / gridWidth) + 0.5) / gridHeight) * rect.height,
  }
}

/** A hue by place: across turns the hue, down makes it paler. */
function placeColour(patch: number, { gridHeight, gridWidth }: PatchGrid): string {
  const [x, y] = [((patch % gridWidth) + 0.5) / gridWidth, (Math.floor(patch / gridWidth) + 0.5) / gridHeight]
  return `hsl(${Math.round(300 * x)} ${Math.round(85 - 25 * y)}% ${Math.round(52 + 18 * y)}%)`
}

/**
 * The most similar pairs as lines.
 * @param count lines at most
 * @param least cosine of a line
 */
export function matchLines({ left, right, cosine }: MutualMatches, count: number, least: number, grids: { readonly left: PatchGrid; readonly right: PatchGrid }, rects: { readonly left: Point & Size; readonly right: Point & Size }): readonly MatchLine[] {
  const lines: MatchLine[] = []
  for (let index = 0; index < left.length && lines.length < count; index++) {
    const [from, to, similarity] = [left[index]!, right[index]!, cosine[index]!]
    if (similarity < least) break
    lines.push({
      left: from,
      right: to,
      cosine: similarity,
      from: patchCentre(from, grids.left, rects.left),
      to: patchCentre(to, grids.right, rects.right),
      colour: placeColour(from, grids.left),
    })
  }
  return lines
}
