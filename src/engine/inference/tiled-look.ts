/** @file Looking at a picture too large for one run: tiles that overlap, tokens blended where they do, and one look at the whole. */
import type { PreparedImage } from '../image'
import { analyseImage, patchBatch, type AnalysisState } from './analyse'
import type { Backbone, PatchGrid } from './backbone'
import { runMacs } from './run-cost'
import { planTiles, type AxisTiles } from './tiles'

export interface TiledOptions {
  readonly signal: AbortSignal
  /** Called after each run of the model: how many of how many are done. */
  readonly onRun?: (done: number, all: number) => void
}

interface Tile {
  readonly top: number
  readonly left: number
  readonly down: Float32Array
  readonly across: Float32Array
}

/** Pixels of one tile, uint8 [height, width, 3]. */
function cutTile({ rgb, width: lineLength }: PreparedImage, { top, left }: Tile, size: PatchGrid, patchSize: number): Pick<PreparedImage, 'rgb' | 'height' | 'width'> {
  const [height, width] = [size.height * patchSize, size.width * patchSize]
  const cut = new Uint8Array(height * width * 3)
  for (let row = 0; row < height; row++) {
    const start = ((top * patchSize + row) * lineLength + left * patchSize) * 3
    cut.set(rgb.subarray(start, start + width * 3), row * width * 3)
  }
  return { rgb: cut, height, width }
}

/** Adds weighted rows of a tile `[tile patches, dim]` to those of the picture `[patches, dim]`. */
function addTile(target: Float32Array, source: Float32Array, dim: number, { top, left, down, across }: Tile, gridWidth: number): void {
  down.forEach((downWeight, y) => {
    across.forEach((acrossWeight, x) => {
      const weight = downWeight * acrossWeight
      const from = (y * across.length + x) * dim
      const to = ((top + y) * gridWidth + left + x) * dim
      for (let column = 0; column < dim; column++) target[to + column]! += weight * source[from + column]!
    })
  })
}

function tilesOf(down: AxisTiles, across: AxisTiles): Tile[] {
  return down.starts.flatMap((top, row) => across.starts.map((left, column) => ({ top, left, down: down.weights[row]!, across: across.weights[column]! })))
}

/**
 * Looks at a picture in tiles, each with position embeddings of its own size. CLS, registers and attention are those of
 * a look at the whole picture, smaller.
 * @param prepared the whole picture at the size that is wanted
 * @param overview the same picture, small enough for one run
 * @throws EngineError RUNTIME; the signal's reason
 */
export async function analyseTiles(backbone: Backbone, prepared: PreparedImage, overview: PreparedImage, { signal, onRun }: TiledOptions): Promise<AnalysisState> {
  const { dim, registers, patchSize } = backbone.config
  const grid = { height: prepared.height / patchSize, width: prepared.width / patchSize }
  const { down, across } = planTiles(grid)
  const size = { height: down.length, width: across.length }
  const tiles = tilesOf(down, across)
  const whole = await analyseImage(backbone, overview)
  onRun?.(1, 1 + tiles.length)

  const special = 1 + registers
  const tokens = new Float32Array((special + grid.height * grid.width) * dim)
  tokens.set(whole.tokens.subarray(0, special * dim))
  const patches = tokens.subarray(special * dim)
  const lengths = new Float32Array(grid.height * grid.width)
  let { modelMs } = whole
  const macs = whole.macs + tiles.length * runMacs(backbone.config, size.height * size.width)
  for (const [index, tile] of tiles.entries()) {
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const seen = await backbone.look(patchBatch(backbone, cutTile(prepared, tile, size, patchSize)), [0])
    addTile(patches, seen.tokens.subarray(special * dim), dim, tile, grid.width)
    addTile(lengths, seen.lengths.subarray(special), 1, tile, grid.width)
    modelMs += seen.modelMs
    onRun?.(2 + index, 1 + tiles.length)
  }
  const note =
    `Looked at in ${tiles.length} tiles of ${size.height} × ${size.width} patches that overlap, with position embeddings of that size; patch tokens blended where tiles meet. ` +
    `CLS and attention are those of the whole picture at ${overview.width} × ${overview.height}`
  return { backbone, prepared, grid, batch: whole.batch, tiles: tiles.length, tokens, lengths, clsAttention: whole.clsAttention, macs, modelMs, note }
}
