/** @file One frame's labels from those of frames before it: each patch takes what the patches most like it nearby have. */
import type { PatchGrid, RowProducts } from '../../inference'

/** A frame whose labels are known. */
export interface LabelledFrame {
  /** float32 [patches, dim], at unit length. */
  readonly tokens: Float32Array
  /** How much each patch belongs to each class, float32 [classes, patches]. */
  readonly soft: Float32Array
}

export interface CarryOptions {
  readonly grid: PatchGrid
  readonly dim: number
  readonly classes: number
  readonly products: RowProducts
  readonly signal: AbortSignal
}

/** Source: dino/eval_video_segmentation.py, `--size_mask_neighborhood`, `--topk`, and `label_propagation`. */
const reach = 12
const top = 5
const temperature = 0.1
/** Patches that are compared at once share most of what they are compared with; together they and all contexts take some MiB. */
const tileRows = 8
const tileColumns = 16

/** Half-open ranges of patch rows and columns. */
interface Tile {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

function* tilesOf({ height, width }: PatchGrid): Generator<Tile> {
  for (let row = 0; row < height; row += tileRows)
    for (let column = 0; column < width; column += tileColumns) yield { top: row, bottom: Math.min(height, row + tileRows), left: column, right: Math.min(width, column + tileColumns) }
}

/** What all windows of a tile's patches cover. */
function around({ top: first, bottom, left, right }: Tile, { height, width }: PatchGrid): Tile {
  return { top: Math.max(0, first - reach), bottom: Math.min(height, bottom + reach), left: Math.max(0, left - reach), right: Math.min(width, right + reach) }
}

const cellsOf = (tile: Tile): number => (tile.bottom - tile.top) * (tile.right - tile.left)

/** The tokens of a tile, row by row, into `target` from row `at` on. */
function takeTile(tokens: Float32Array, tile: Tile, width: number, dim: number, target: Float32Array, at: number): void {
  const columns = tile.right - tile.left
  for (let row = tile.top; row < tile.bottom; row++) {
    const start = (row * width + tile.left) * dim
    target.set(tokens.subarray(start, start + columns * dim), (at + (row - tile.top) * columns) * dim)
  }
}

/** Cosines of one target patch with everything its tile was compared with, context by context, and which of them lie in its window. */
interface Candidates {
  readonly cosines: Float32Array
  /** Of the first cosine. */
  readonly start: number
  readonly contexts: number
  readonly area: Tile
  readonly window: Tile
}

/** Takes a value into the largest so far, which are kept rising, in place of the smallest. */
function offer(best: Float32Array, value: number): void {
  let at = 0
  for (; at + 1 < best.length && best[at + 1]! < value; at++) best[at] = best[at + 1]!
  best[at] = value
}

/** The smallest value that is kept: the fifth largest, or less than any where there are not so many. */
function leastKept({ cosines, start, contexts, area, window }: Candidates): number {
  const best = new Float32Array(top).fill(-Infinity)
  const [columns, cells] = [area.right - area.left, cellsOf(area)]
  let least = -Infinity
  for (let context = 0; context < contexts; context++)
    for (let row = window.top; row < window.bottom; row++) {
      const line = start + context * cells + (row - area.top) * columns - area.left
      for (let at = line + window.left; at < line + window.right; at++) {
        if (cosines[at]! <= least) continue
        offer(best, cosines[at]!)
        least = best[0]!
      }
    }
  return least
}

/** Calls `take` with the context, the patch and the cosine of what is kept. */
function eachKept({ cosines, start, contexts, area, window }: Candidates, width: number, take: (context: number, patch: number, cosine: number) => void): void {
  const least = leastKept({ cosines, start, contexts, area, window })
  const [columns, cells] = [area.right - area.left, cellsOf(area)]
  for (let context = 0; context < contexts; context++)
    for (let row = window.top; row < window.bottom; row++) {
      const line = start + context * cells + (row - area.top) * columns - area.left
      for (let column = window.left; column < window.right; column++) if (cosines[line + column]! >= least) take(context, row * width + column, cosines[line + column]!)
    }
}

/**
 * Soft labels of a frame: exp(cosine / 0.1) with every patch of every context within 12 patches down and across, of which
 * values from the fifth largest on (equal ones too) are kept, brought to sum 1, and carry their patches' labels.
 * Products are made by tiles, so neither time nor memory goes to pairs that lie far apart.
 * Source: dino/eval_video_segmentation.py:166-214, `label_propagation`, `restrict_neighborhood`.
 * @param tokens of the frame, float32 [patches, dim], at unit length
 * @returns float32 [classes, patches]
 * @throws EngineError RUNTIME; the signal's reason
 */
export async function carryLabels(tokens: Float32Array, contexts: readonly LabelledFrame[], { grid, dim, classes, products, signal }: CarryOptions): Promise<Float32Array> {
  const { height, width } = grid
  const patches = height * width
  const soft = new Float32Array(classes * patches)
  const sums = new Float64Array(classes)
  for (const tile of tilesOf(grid)) {
    const area = around(tile, grid)
    const targets = new Float32Array(cellsOf(tile) * dim)
    takeTile(tokens, tile, width, dim, targets, 0)
    const sources = new Float32Array(contexts.length * cellsOf(area) * dim)
    contexts.forEach((context, index) => {
      takeTile(context.tokens, area, width, dim, sources, index * cellsOf(area))
    })
    const cosines = await products(targets, sources, dim)
    // A product may come back without the loop having turned.
    await new Promise(setImmediate)
    signal.throwIfAborted()
    let start = 0
    for (let row = tile.top; row < tile.bottom; row++)
      for (let column = tile.left; column < tile.right; column++) {
        const window = around({ top: row, bottom: row + 1, left: column, right: column + 1 }, grid)
        let total = 0
        sums.fill(0)
        eachKept({ cosines, start, contexts: contexts.length, area, window }, width, (context, patch, cosine) => {
          const weight = Math.exp(cosine / temperature)
          total += weight
          const labels = contexts[context]!.soft
          for (let label = 0; label < classes; label++) sums[label]! += weight * labels[label * patches + patch]!
        })
        for (let label = 0; label < classes; label++) soft[label * patches + row * width + column] = sums[label]! / total
        start += contexts.length * cellsOf(area)
      }
  }
  return soft
}
