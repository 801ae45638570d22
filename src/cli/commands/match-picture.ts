/** @file Two pictures side by side as pixels, with what belongs together joined by lines. Pure. */
import { applyColourMap, labelColour, rangeOf, resampleBilinear, withoutAlpha, type LabelColour, type Pixels } from '../../engine/display'

/** A place in a picture, in its pixels. */
export interface Place {
  readonly x: number
  readonly y: number
}

export interface PlacePair {
  readonly left: Place
  readonly right: Place
}

/** Between the two pictures, in pixels. */
const gap = 12
const background = 24
/** How much of a field covers the picture below it. */
const fieldShare = 0.6
/** Half the edge of the mark at either end of a line. */
const markRadius = 3

/** Both in one picture, at their own sizes; `rightFrom` is where the right one begins. */
export function sideBySide(left: Pixels, right: Pixels): Pixels & { readonly rightFrom: number } {
  const rightFrom = left.width + gap
  const [width, height] = [rightFrom + right.width, Math.max(left.height, right.height)]
  const rgb = new Uint8Array(3 * width * height).fill(background)
  const put = (from: Pixels, at: number): void => {
    for (let y = 0; y < from.height; y++) rgb.set(from.rgb.subarray(3 * y * from.width, 3 * (y + 1) * from.width), 3 * (y * width + at))
  }
  put(left, 0)
  put(right, rightFrom)
  return { rgb, width, height, rightFrom }
}

function fillSquare({ rgb, width, height }: Pixels, { x, y }: Place, radius: number, colour: LabelColour): void {
  const [left, top] = [Math.round(x), Math.round(y)]
  for (let row = Math.max(0, top - radius); row <= Math.min(height - 1, top + radius); row++)
    for (let column = Math.max(0, left - radius); column <= Math.min(width - 1, left + radius); column++) rgb.set(colour, 3 * (row * width + column))
}

/** A line two pixels wide with a mark at either end, drawn into `target`. */
function drawLine(target: Pixels, from: Place, to: Place, colour: LabelColour): void {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)))
  for (let step = 0; step <= steps; step++) {
    const place = { x: from.x + ((to.x - from.x) * step) / steps, y: from.y + ((to.y - from.y) * step) / steps }
    fillSquare(target, place, 0, colour)
    fillSquare(target, { x: place.x, y: place.y + 1 }, 0, colour)
  }
  for (const end of [from, to]) {
    fillSquare(target, end, markRadius + 1, [0, 0, 0])
    fillSquare(target, end, markRadius, colour)
  }
}

/** Both pictures with a line for each pair, the best drawn last and so on top; neighbouring pairs in colours far apart. */
export function pairsPicture(left: Pixels, right: Pixels, pairs: readonly PlacePair[]): Pixels {
  const { rightFrom, ...both } = sideBySide(left, right)
  for (const [index, pair] of [...pairs.entries()].reverse()) drawLine(both, pair.left, { x: pair.right.x + rightFrom, y: pair.right.y }, labelColour(index))
  return both
}

/** A field over patches laid over its picture, from its smallest to its largest value. */
export function fieldOver({ rgb, height, width }: Pixels, values: Float32Array, grid: { readonly height: number; readonly width: number }): Pixels {
  const { min, max } = rangeOf(values)
  const map = withoutAlpha(applyColourMap(resampleBilinear(values, grid.height, grid.width, height, width), min, max, 'inferno'))
  return { rgb: rgb.map((value, index) => Math.round(value * (1 - fieldShare) + map[index]! * fieldShare)), height, width }
}
