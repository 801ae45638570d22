/** @file `dinoscope match`: what of one picture is found in another. */
import { basename, extname } from 'node:path'
import { EngineError, messageOf, type AnalysisSize } from '../../engine/contract'
import { mutualMatches, patchMatches, type UnitPatches } from '../../engine/dense'
import { saveFile } from '../../engine/files'
import { preparePicture } from '../../engine/host'
import { encodePng, readHeader, readImageFile, writePatchRows, type PreparedImage } from '../../engine/image'
import { normaliseRows, openRowProducts, type Backbone, type PatchGrid, type RowProducts } from '../../engine/inference'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { requireListName } from '../picture-list'
import { fieldOver, pairsPicture, type Place, type PlacePair } from './match-picture'

export interface MatchOptions extends ModelOptions {
  readonly out: string
  /** So many pairs at most. */
  readonly top: number
  /** A place in the left picture, in its pixels: only what is like it there is looked for. */
  readonly patch?: readonly [x: number, y: number]
  readonly size?: number | 'native'
}

/** As for `inspect`. */
const maxPatches = 16_384

/** A picture as the model saw it. */
interface Looked extends UnitPatches {
  readonly image: string
  readonly prepared: PreparedImage
  readonly grid: PatchGrid
  /** Pixels of the picture itself. */
  readonly height: number
  readonly width: number
}

/** One line of the result: places are middles of patches, in pixels of the pictures themselves. */
interface Pair extends PlacePair {
  readonly leftPatch: number
  readonly rightPatch: number
  readonly cosine: number
}

async function look(backbone: Backbone, image: string, size: AnalysisSize): Promise<Looked> {
  try {
    const { config, manifest } = backbone
    const { patchSize, dim } = config
    const bytes = await readImageFile(image)
    const { height, width } = await readHeader(bytes)
    const prepared = await preparePicture(bytes, size, manifest, maxPatches)
    const grid = { height: prepared.height / patchSize, width: prepared.width / patchSize }
    const patches = new Float32Array(prepared.rgb.length)
    writePatchRows(prepared, patchSize, manifest.preprocessing.mean, manifest.preprocessing.std, patches, 0)
    const { patches: tokens } = await backbone.embedPatches({ count: 1, grid, patches })
    return { image, prepared, grid, height, width, dim, tokens: normaliseRows(tokens, dim) }
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError(error.code, `${image}: ${messageOf(error)}`, { detail: { ...error.detail, image }, cause: error })
    throw error
  }
}

/** The middle of a patch as shares of what the model saw. */
function middle({ height, width }: PatchGrid, patch: number): Place {
  return { x: ((patch % width) + 0.5) / width, y: (Math.floor(patch / width) + 0.5) / height }
}

/** In pixels of the picture itself. */
function placeOf({ prepared, grid, height, width }: Looked, patch: number): Place {
  const { x, y } = middle(grid, patch)
  const { extent } = prepared
  return { x: Math.round((extent.left + x * extent.width) * width), y: Math.round((extent.top + y * extent.height) * height) }
}

/** The patch under a pixel of the picture itself. @throws UsageError outside of what the model saw */
function patchAt({ image, prepared, grid, height, width }: Looked, [x, y]: readonly [number, number]): number {
  const { extent } = prepared
  const column = Math.floor((((x + 0.5) / width - extent.left) / extent.width) * grid.width)
  const row = Math.floor((((y + 0.5) / height - extent.top) / extent.height) * grid.height)
  if (column >= 0 && column < grid.width && row >= 0 && row < grid.height) return row * grid.width + column
  const [left, top, right, bottom] = [extent.left * width, extent.top * height, (extent.left + extent.width) * width, (extent.top + extent.height) * height].map(Math.round)
  throw new UsageError(`--patch: ${x},${y} lies outside of what the model saw of ${basename(image)}: ${left}..${right} across, ${top}..${bottom} down; with --size it sees the whole picture`)
}

/** All pairs, and for one patch the field of its similarity. */
async function matchLooked(left: Looked, right: Looked, { top, patch }: MatchOptions, products: RowProducts, signal: AbortSignal): Promise<{ readonly pairs: readonly Pair[]; readonly field: Float32Array | undefined }> {
  const pair = (leftPatch: number, rightPatch: number, cosine: number): Pair => ({ left: placeOf(left, leftPatch), right: placeOf(right, rightPatch), leftPatch, rightPatch, cosine })
  if (patch === undefined) {
    const found = await mutualMatches(left, right, { top, products, signal })
    return { pairs: Array.from(found.left, (leftPatch, index) => pair(leftPatch, found.right[index]!, found.cosine[index]!)), field: undefined }
  }
  const chosen = patchAt(left, patch)
  const { cosine, best } = await patchMatches(left, right, chosen, products)
  return { pairs: best.slice(0, top).map((rightPatch) => pair(chosen, rightPatch, cosine[rightPatch]!)), field: cosine }
}

async function writePicture(path: string, left: Looked, right: Looked, pairs: readonly Pair[], field: Float32Array | undefined): Promise<void> {
  const inPrepared = ({ grid, prepared }: Looked, patch: number): Place => {
    const { x, y } = middle(grid, patch)
    return { x: x * prepared.width, y: y * prepared.height }
  }
  const shown = field === undefined ? right.prepared : fieldOver(right.prepared, field, right.grid)
  const drawn = pairsPicture(left.prepared, shown, pairs.map(({ leftPatch, rightPatch }) => ({ left: inPrepared(left, leftPatch), right: inPrepared(right, rightPatch) })))
  await saveFile(path, await encodePng(drawn.rgb, drawn.width, drawn.height))
}

const facts = ({ image, height, width, grid, prepared }: Looked) => ({ image: basename(image), width, height, gridWidth: grid.width, gridHeight: grid.height, extent: prepared.extent, note: prepared.note })

/** Pairs of patches that are each other's nearest, or what is most like one place of the left picture. */
export async function match(leftImage: string, rightImage: string, options: MatchOptions, context: CommandContext): Promise<CommandResult> {
  const { out, size = 'evaluation' } = options
  requireListName(out, ['.png', '.json'])
  await prepareOutputFile(out)
  return withBackbone(options, context, async (backbone, runtime) => {
    const [left, right] = [await look(backbone, leftImage, size), await look(backbone, rightImage, size)]
    const { products, release } = await openRowProducts(runtime)
    try {
      const { pairs, field } = await matchLooked(left, right, options, products, context.signal)
      const { id, name, weights, trained } = backbone.manifest
      const result = { left: facts(left), right: facts(right), model: { id, name, trained, sha256: weights.sha256 }, pairs }
      if (extname(out).toLowerCase() === '.json') await saveFile(out, `${JSON.stringify(result, undefined, 2)}\n`)
      else await writePicture(out, left, right, pairs, field)
      const best = pairs[0]
      context.terminal.result({ ...result, out }, [`${pairs.length} ${field === undefined ? 'pairs that are each other’s nearest' : 'places most like it'}${best === undefined ? '' : `, the best with a cosine of ${best.cosine.toFixed(3)}`}, in ${out}`])
      return exitCodes.done
    } finally {
      await release()
    }
  })
}
