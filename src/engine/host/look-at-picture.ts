/** @file One picture through one model: in one piece or, where it is wanted and needed, in tiles; and what that would take. */
import type { AnalysisSize, ViewEstimate } from '../contract'
import { patchGrid, readHeader, type PreparedImage } from '../image'
import { analyseImage, analyseTiles, lookCost, type AnalysisState, type Backbone, type BackboneConfig, type BackboneDescription, type PatchGrid, type TiledOptions } from '../inference'
import { fixedSizeOf } from '../weights'
import { preparePicture } from './prepare-picture'

/** 64 × 64: attention grows with the square, and beyond this a click takes seconds. */
export const maxWholePatches = 4096
/** 256 × 256: tokens of a small model take 100 MB. */
export const maxTiledPatches = 65_536
/** 48 × 48: the look at the whole of a picture that is looked at in tiles. */
const overviewPatches = 2304

export interface LookRequest {
  readonly size: AnalysisSize
  /** Whether a picture of more than `maxWhole` patches is looked at in tiles, instead of being made smaller. */
  readonly tiled: boolean
  /** By default {@link maxWholePatches}. */
  readonly maxWhole?: number
}

/** A picture of one size given to a model: the crop of an evaluation is always one piece. */
function patchLimit({ size, tiled, maxWhole = maxWholePatches }: LookRequest): number {
  return tiled && size !== 'evaluation' ? maxTiledPatches : maxWhole
}

function isTiled({ size, tiled, maxWhole = maxWholePatches }: LookRequest, config: BackboneConfig, { height, width }: PatchGrid): boolean {
  return tiled && fixedSizeOf(config) === undefined && size !== 'evaluation' && height * width > maxWhole
}

function gridOf({ height, width }: PreparedImage, patchSize: number): PatchGrid {
  return { height: height / patchSize, width: width / patchSize }
}

/**
 * Looks at a picture, from its file's bytes.
 * @throws EngineError IMG_…, BAD_REQUEST, RUNTIME; the signal's reason
 */
export async function lookAtPicture(backbone: Backbone, bytes: Buffer, request: LookRequest, options: TiledOptions): Promise<AnalysisState> {
  const { manifest, config } = backbone
  const prepared = await preparePicture(bytes, request.size, manifest, patchLimit(request))
  options.signal.throwIfAborted()
  if (!isTiled(request, config, gridOf(prepared, config.patchSize))) return analyseImage(backbone, prepared)
  const overview = await preparePicture(bytes, 'native', manifest, overviewPatches)
  options.signal.throwIfAborted()
  return analyseTiles(backbone, prepared, overview, options)
}

/** What was done to the picture, in words. */
export function describeLook({ prepared, note }: AnalysisState): string {
  return note === undefined ? prepared.note : `${prepared.note}. ${note}`
}

/**
 * What {@link lookAtPicture} would take.
 * @param msPerMac how quick the model was, undefined until it has run
 * @throws EngineError IMG_… for a file whose header cannot be read
 */
export async function estimateLook({ config, preprocessing, weights }: BackboneDescription, bytes: Buffer, request: LookRequest, msPerMac: number | undefined): Promise<ViewEstimate> {
  const header = await readHeader(bytes)
  const { patchSize } = config
  const { height, width } = header
  const limited = (shortEdge: number, limit: number): PatchGrid => {
    const { rows, columns } = patchGrid(width, height, shortEdge, patchSize, limit)
    return { height: rows, width: columns }
  }
  const fixed = request.size === 'evaluation' ? undefined : fixedSizeOf(config)
  const edge = Math.floor((fixed ?? preprocessing.crop) / patchSize)
  const shortEdge = typeof request.size === 'number' ? request.size : Math.min(width, height)
  const grid = request.size === 'evaluation' || fixed !== undefined ? { height: edge, width: edge } : limited(shortEdge, patchLimit(request))
  const overview = isTiled(request, config, grid) ? limited(Math.min(width, height), overviewPatches) : undefined
  const { tiles, bytes: memory, macs } = lookCost(config, grid, width * height, weights.bytes, overview && overview.height * overview.width)
  return {
    inputHeight: grid.height * patchSize,
    inputWidth: grid.width * patchSize,
    patches: grid.height * grid.width,
    tiles,
    bytes: memory,
    ms: msPerMac === undefined ? undefined : msPerMac * macs,
  }
}
