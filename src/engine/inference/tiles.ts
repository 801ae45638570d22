/** @file How a picture too large for one look is cut into overlapping tiles, and how much each counts where they overlap. Pure. */
import type { BackboneConfig, PatchGrid } from './backbone'
import { runBytes, runMacs } from './run-cost'

/** Tiles along one edge of the grid, all of one length. */
export interface AxisTiles {
  /** Patches. */
  readonly length: number
  /** First patch of each tile, rising from 0. */
  readonly starts: readonly number[]
  /** What each tile counts for at each of its patches, falling to its ends; over all tiles the weights of a patch sum to 1. */
  readonly weights: readonly Float32Array[]
}

/** Every tile down with every tile across. */
export interface TilePlan {
  readonly down: AxisTiles
  readonly across: AxisTiles
}

/** Patches down and across a tile: the grid that DINOv2 learned its positions on. */
const tileEdge = 37
/** Longest tile of a strip that is less than a tile high. */
const longestEdge = 2 * tileEdge
const tilePatches = tileEdge ** 2
/** Patches that neighbouring tiles share at least. */
const overlap = 10

function planAxis(count: number, longest: number): AxisTiles {
  if (count <= longest) return { length: count, starts: [0], weights: [new Float32Array(count).fill(1)] }
  // No tile so short that all of it would be shared.
  const shared = Math.min(overlap, Math.floor(longest / 3))
  const tiles = Math.ceil((count - shared) / (longest - shared))
  const length = Math.ceil((count + (tiles - 1) * shared) / tiles)
  const starts = Array.from({ length: tiles }, (_, tile) => Math.round((tile * (count - length)) / (tiles - 1)))
  const ramp = Float64Array.from({ length }, (_, at) => Math.min(at + 1, length - at, shared))
  const sums = new Float64Array(count)
  for (const start of starts) ramp.forEach((weight, at) => (sums[start + at]! += weight))
  return { length, starts, weights: starts.map((start) => Float32Array.from(ramp, (weight, at) => weight / sums[start + at]!)) }
}

/** Tiles of at most 1369 patches over a grid of any size. */
export function planTiles({ height, width }: PatchGrid): TilePlan {
  const longest = (other: number): number => Math.min(longestEdge, Math.floor(tilePatches / Math.min(other, tileEdge)))
  return { down: planAxis(height, longest(width)), across: planAxis(width, longest(height)) }
}

/** What a look would take. */
export interface LookCost {
  readonly tiles: number
  /** Largest memory, about: weights, pixels, tokens, what the largest run holds. */
  readonly bytes: number
  /** Multiply-accumulates. */
  readonly macs: number
}

/** What the runtime and JavaScript keep beside that, as measured. */
const besideBytes = 48 * 2 ** 20

/**
 * @param decodedPixels pixels of the file, which are held while it is resized
 * @param weightBytes of the model
 * @param overview patches of the look at the whole picture; undefined where the whole picture is all that is looked at
 */
export function lookCost(config: BackboneConfig, grid: PatchGrid, decodedPixels: number, weightBytes: number, overview: number | undefined): LookCost {
  const patches = grid.height * grid.width
  const { dim, patchSize } = config
  const kept = patches * (3 * patchSize ** 2 + 4 * dim)
  const decoding = 3 * decodedPixels
  // Twice: as they are in their file, and as the runtime's products want them.
  const standing = 2 * weightBytes + kept + besideBytes
  if (overview === undefined) return { tiles: 1, bytes: standing + Math.max(decoding, runBytes(config, patches)), macs: runMacs(config, patches) }
  const { down, across } = planTiles(grid)
  const tiles = down.starts.length * across.starts.length
  const perTile = down.length * across.length
  return {
    tiles,
    bytes: standing + Math.max(decoding, runBytes(config, Math.max(perTile, overview))),
    macs: tiles * runMacs(config, perTile) + runMacs(config, overview),
  }
}
