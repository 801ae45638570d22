/** @file Plain data about dense heads: depth in metres, classes per pixel; loaded or trained on frozen tokens. */
import type { Rows } from './collection'
import type { EmbedResult, FileProblem, ModelInfo, Progress } from './data'
import type { Rgb } from './segments'

export type HeadKind = 'depth' | 'classes'
/** `linear`: official BNHead over one or four layers; `dpt`; `bn-linear`: official segmentation heads; `regression`: our own linear head of one number. */
export type HeadArchitecture = 'linear' | 'dpt' | 'bn-linear' | 'regression'

export interface HeadClass {
  readonly name: string
  readonly colour: Rgb
}

export interface HeadInfo {
  readonly headId: string
  readonly name: string
  readonly kind: HeadKind
  readonly architecture: HeadArchitecture
  /** Length of a token it was made for. */
  readonly dim: number
  /** Blocks whose tokens it reads, from 0. */
  readonly layers: readonly number[]
  /** Depth: metres. */
  readonly minDepth: number | undefined
  readonly maxDepth: number | undefined
  readonly classes: readonly HeadClass[]
  readonly sizeBytes: number
  readonly importedFrom: string | undefined
  /** What was said when it was loaded, for example that the hub's maximal depth was mended. */
  readonly note: string
  /** Where it was trained here. */
  readonly training: HeadTraining | undefined
}

/** What says whose tokens a head reads. */
type HeadTokens = Pick<HeadInfo, 'architecture' | 'dim' | 'training'> & { readonly layers: { readonly length: number } }

/** Layers that official linear heads read. */
const linearLayerCounts = [1, 4] as const

/** Lengths of tokens that a head may have been made for: the channels of an official linear head can be those of one layer or of four. */
export function tokenLengthsOf({ architecture, dim, training, layers }: HeadTokens): readonly number[] {
  if (architecture === 'dpt' || architecture === 'regression' || training !== undefined) return [dim]
  return linearLayerCounts.map((count) => (dim * layers.length) / count).filter(Number.isInteger)
}

/** Whether a head reads tokens after the final norm. Source: dinov2/hub/depthers.py:122-128; eval/segmentation configs. */
export function readsNormed({ architecture }: Pick<HeadInfo, 'architecture'>): boolean {
  return architecture === 'bn-linear' || architecture === 'regression'
}

/**
 * How many layers a head reads of a backbone; undefined where it was made for others. Of a model that gives nothing of what is
 * between its blocks, the last layer after the final norm is all there is to read.
 */
export function layerCountFor(head: HeadTokens, { dim, depth, gives }: Pick<ModelInfo, 'dim' | 'depth' | 'gives'>): number | undefined {
  const count = tokenLengthsOf(head).includes(dim) ? (head.dim * head.layers.length) / dim : undefined
  if (count === undefined) return undefined
  const isThere = gives.inside ? count <= depth : gives.patches && count === 1 && readsNormed(head)
  return isThere ? count : undefined
}

export interface HeadTraining {
  readonly modelId: string
  readonly pictures: number
  readonly validationPictures: number
  readonly steps: number
  /** On pictures that were not trained on: root mean square error and its share of the spread, or accuracy and mean IoU. */
  readonly metrics: Readonly<Record<string, number>>
}

export interface DepthMap {
  readonly height: number
  readonly width: number
  /** Metres, float32 [height, width]. */
  readonly metres: Float32Array
  readonly min: number
  readonly max: number
  readonly ms: number
}

export interface ClassMap {
  readonly height: number
  readonly width: number
  /** Index of the class, uint8 [height, width]. */
  readonly labels: Uint8Array
  readonly ms: number
}

export interface HeadViewRequest {
  readonly analysisId: string
  readonly headId: string
}

export interface DepthLibraryRequest {
  readonly libraryId: string
  readonly rows: Rows
  readonly modelId: string
  readonly headId: string
}

/** Numbers by row of the folder, float32 [images]; NaN where there is none. */
export interface DepthNumbers {
  readonly median: Float32Array
  readonly near: Float32Array
  readonly far: Float32Array
}

export interface DepthMapRequest {
  readonly libraryId: string
  readonly mapId: string
  readonly headId: string
}

export interface PatchDepths {
  /** Mean over the pixels of each point's patch, metres, float32 [points]; NaN where it could not be measured. */
  readonly metres: Float32Array
}

export interface DepthExportRequest extends DepthLibraryRequest {
  /** 16-bit PNG in millimetres (or 256ths of a metre beyond 65 m), NPY float32 metres, or a CSV of numbers. */
  readonly format: 'png' | 'npy' | 'csv'
}

export type HeadEvent = Progress | { readonly kind: 'skipped'; readonly problem: FileProblem }
export type DepthExportResult = Omit<EmbedResult, 'dim'>

export interface TrainHeadRequest {
  readonly libraryId: string
  readonly rows: Rows
  readonly modelId: string
  readonly kind: HeadKind
  readonly name: string
  /** Folder with a depth picture (16-bit PNG in millimetres, or NPY in metres) or a mask (PNG of class numbers) for each picture, by the same relative path without its extension. */
  readonly targets: string
  readonly epochs: number
  /** Share of the pictures kept out to measure on. */
  readonly validation: number
  readonly seed: number
}

export type TrainHeadEvent =
  | HeadEvent
  | { readonly kind: 'measured'; readonly step: number; readonly loss: number; readonly metrics: Readonly<Record<string, number>> }
