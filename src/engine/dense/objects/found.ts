/** @file What both ways of finding an object do with their mask: the piece with the seed, and its box. */
import type { FoundObject, ObjectMethod } from '../../contract'
import type { PatchGrid } from '../../inference'
import { connectedComponents } from '../components'

/** The answer where no object stands out: an empty mask, an empty box, no seed. */
export function nothingFound(method: ObjectMethod, patches: number, why: string): FoundObject {
  return { method, mask: new Uint8Array(patches), field: new Float32Array(patches), box: [0, 0, 0, 0], seed: -1, note: `Nothing stands out: ${why}` }
}

/** The piece of the mask that holds the seed, sides touching. Source: TokenCut and LOST, object_discovery.py, `detect_box`. */
export function pieceWithSeed(inside: Uint8Array, seed: number, { width }: Pick<PatchGrid, 'width'>): Pick<FoundObject, 'mask' | 'box'> {
  const { labels } = connectedComponents(inside, width)
  const piece = labels[seed]!
  const mask = Uint8Array.from(labels, (label) => (piece >= 0 && label === piece ? 1 : 0))
  return { mask, box: boxOf(mask, width) }
}

/** Left, top, width and height of what is inside a mask; zeros for an empty one. */
export function boxOf(mask: Uint8Array, width: number): FoundObject['box'] {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1]
  mask.forEach((inside, cell) => {
    if (inside === 0) return
    const [x, y] = [cell % width, Math.floor(cell / width)]
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x)
    bottom = Math.max(bottom, y)
  })
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1]
}
