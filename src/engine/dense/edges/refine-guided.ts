/** @file Labels of patches brought to the edges of the picture by the guided filter: each label a soft mask, the strongest wins. */
import type { Pixels } from '../../display'
import { measureGuide, type Guide } from './guide'
import { guidedFilter, type LinearColours } from './guided-filter'
import { betweenCells, betweenSamples, regionsOf, scaleRegion, type Between, type Region, type Size } from './region'

/** Rows of pixels between two turns of the event loop. */
const rowsAtOnce = 64

/** How far each thinned pixel of a region belongs to cells of `label`: 1 inside, falling to 0 between centres of cells. */
function softMask(labels: ArrayLike<number>, label: number, { width }: Size, down: Between, across: Between, { left, top, right, bottom }: Region): Float32Array {
  const mask = new Float32Array((right - left) * (bottom - top))
  const own = (row: number, column: number): number => (labels[row * width + column] === label ? 1 : 0)
  let at = 0
  for (let y = top; y < bottom; y++) {
    const [above, below, fy] = [down.low[y]!, down.high[y]!, down.fraction[y]!]
    for (let x = left; x < right; x++) {
      const [before, after, fx] = [across.low[x]!, across.high[x]!, across.fraction[x]!]
      const upper = own(above, before) * (1 - fx) + own(above, after) * fx
      const lower = own(below, before) * (1 - fx) + own(below, after) * fx
      mask[at++] = upper * (1 - fy) + lower * fy
    }
  }
  return mask
}

/** The best score of each pixel so far, and whose it is. */
interface Leaders<A extends Uint8Array | Uint16Array> {
  readonly scores: Float32Array
  readonly labels: A
}

/** Applies a label's model to the pixels of rows `from` up to `to` of a region, and notes where it leads. */
function contend(
  { rgb, width }: Pixels,
  { region, weights: [red, green, blue, offset] }: LinearColours,
  axes: { readonly down: Between; readonly across: Between },
  label: number,
  { left, right }: Region,
  [from, to]: readonly [number, number],
  { scores, labels }: Leaders<Uint8Array | Uint16Array>,
): void {
  const columns = region.right - region.left
  const last = region.bottom - region.top - 1
  // Of one row at a time, so that each pixel needs only to be found between two columns.
  const rows = [red, green, blue, offset].map(() => new Float32Array(columns)) as [Float32Array, Float32Array, Float32Array, Float32Array]
  const { low, high, fraction } = axes.across
  for (let y = from; y < to; y++) {
    const above = Math.min(last, Math.max(0, axes.down.low[y]! - region.top)) * columns
    const below = Math.min(last, Math.max(0, axes.down.high[y]! - region.top)) * columns
    const fy = axes.down.fraction[y]!
    ;[red, green, blue, offset].forEach((field, index) => {
      const row = rows[index]!
      for (let x = 0; x < columns; x++) row[x] = field[above + x]! * (1 - fy) + field[below + x]! * fy
    })
    const [reds, greens, blues, offsets] = rows
    for (let x = left; x < right; x++) {
      const before = Math.min(columns - 1, Math.max(0, low[x]! - region.left))
      const after = Math.min(columns - 1, Math.max(0, high[x]! - region.left))
      const share = fraction[x]!
      const rest = 1 - share
      const pixel = y * width + x
      const colour = (reds[before]! * rest + reds[after]! * share) * rgb[3 * pixel]! + (greens[before]! * rest + greens[after]! * share) * rgb[3 * pixel + 1]! + (blues[before]! * rest + blues[after]! * share) * rgb[3 * pixel + 2]!
      const score = colour / 255 + offsets[before]! * rest + offsets[after]! * share
      if (score <= scores[pixel]!) continue
      scores[pixel] = score
      labels[pixel] = label
    }
  }
}

/** What one label needs: its cells, a cell around them that the soft mask falls over, two windows that its scores reach over, and one so that those are whole. */
function reachOf(region: Region, grid: Size, guide: Guide): Region {
  const cell = Math.max(guide.height / grid.height, guide.width / grid.width)
  return scaleRegion(region, grid, guide, Math.ceil(cell) + 3 * guide.radius)
}

/** Writes the label of every pixel into `answer`. Beside it, memory for one label at a time. */
export async function refineGuided<A extends Uint8Array | Uint16Array>(picture: Pixels, labels: A, grid: Size, answer: A, turn: () => Promise<void>): Promise<void> {
  const { height, width } = picture
  const radius = Math.max(1, Math.round(Math.max(height / grid.height, width / grid.width)))
  const guide = await measureGuide(picture, radius, turn)
  const cells = { down: betweenCells(grid.height, height), across: betweenCells(grid.width, width) }
  const thinned = (axis: Between, size: number): Between => {
    const take = <T extends Uint32Array | Float32Array>(values: T): T => values.filter((_, index) => index >= guide.first && (index - guide.first) % guide.step === 0).subarray(0, size) as T
    return { low: take(axis.low), high: take(axis.high), fraction: take(axis.fraction) }
  }
  const [maskDown, maskAcross] = [thinned(cells.down, guide.height), thinned(cells.across, guide.width)]
  const axes = { down: betweenSamples(guide.height, height, guide.first, guide.step), across: betweenSamples(guide.width, width, guide.first, guide.step) }
  const leaders = { scores: new Float32Array(height * width).fill(-Infinity), labels: answer }
  for (const [label, region] of regionsOf(labels, grid)) {
    const reach = reachOf(region, grid, guide)
    const mask = softMask(labels, label, grid, maskDown, maskAcross, reach)
    await turn()
    const model = guidedFilter(guide, reach, mask)
    await turn()
    const pixels = scaleRegion(region, grid, picture, 3 * radius)
    for (let from = pixels.top; from < pixels.bottom; from += rowsAtOnce) {
      contend(picture, model, axes, label, pixels, [from, Math.min(pixels.bottom, from + rowsAtOnce)], leaders)
      await turn()
    }
  }
}
