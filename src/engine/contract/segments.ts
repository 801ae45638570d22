/** @file Plain data about segments: groups of patch tokens that mean the same in every picture of a folder. */
import type { Rows } from './collection'
import type { EmbedResult, FileProblem, Progress } from './data'
import type { EdgeMethod } from './dense'

export type Rgb = readonly [number, number, number]

export interface SegmentRequest {
  readonly libraryId: string
  /** All of them need patch tokens in the store. */
  readonly rows: Rows
  readonly modelId: string
  /** How many; `auto` tries several and takes the smallest after which more explain little. */
  readonly segments: number | 'auto'
  readonly restarts: number
  readonly seed: number
}

export interface Segment {
  /** Label of its patches. */
  readonly id: number
  readonly name: string
  readonly colour: Rgb
  readonly patches: number
  /** Pictures that have some of it. */
  readonly pictures: number
  /** Mean cosine of its patches with its centre. */
  readonly tightness: number
}

export interface SegmentationInfo {
  readonly segmentationId: string
  readonly name: string
  readonly modelId: string
  readonly createdAt: string
  readonly pictures: number
  readonly segments: number
  readonly seed: number
  /** Share of the patches' spread that the segments explain, 0..1. */
  readonly explained: number
  /** Adjusted Rand index with the segments that another seed finds, −1..1. Hubert & Arabie 1985. */
  readonly agreement: number
  /** Pictures that were asked for and had no patch tokens of the model. */
  readonly leftOut: number
}

export interface Segmentation {
  readonly info: SegmentationInfo
  /** Largest first. */
  readonly segments: readonly Segment[]
  /** From fine to coarse: step i makes one of the two segments named and is called by the first; each pair of ids, and how unlike they were. */
  readonly merges: readonly { readonly into: number; readonly from: number; readonly height: number }[]
  /** What was tried where the number was chosen. */
  readonly tried: readonly { readonly segments: number; readonly explained: number }[]
  readonly canUndo: boolean
}

export type SegmentChange =
  | { readonly kind: 'rename'; readonly segment: number; readonly name: string }
  | { readonly kind: 'recolour'; readonly segment: number; readonly colour: Rgb }
  | { readonly kind: 'merge'; readonly segments: readonly number[] }
  /** As coarse as the slider says: merges until so many are left. */
  | { readonly kind: 'coarsen'; readonly segments: number }
  | { readonly kind: 'split'; readonly segment: number; readonly into: number }
  | { readonly kind: 'renameAll'; readonly name: string }
  | { readonly kind: 'undo' }

/** Segments of one picture, by patch. */
export interface PictureSegments {
  readonly gridHeight: number
  readonly gridWidth: number
  /** Segment of each patch, uint16 [patches]. */
  readonly labels: Uint16Array
}

/** Pictures that have a segment, the largest area first. */
export interface SegmentPictures {
  readonly rows: Uint32Array
  /** Share of the picture's patches, float32, 0..1. */
  readonly share: Float32Array
}

export interface TypicalPatchesRequest {
  readonly libraryId: string
  readonly segmentationId: string
  readonly segment: number
  /** At most so many. */
  readonly top: number
}

/** A patch that shows what a segment is. */
export interface TypicalPatch {
  readonly row: number
  readonly patch: number
  readonly gridHeight: number
  readonly gridWidth: number
  /** With the centre of the segment, −1..1. */
  readonly cosine: number
}

/** One segment in one picture. */
export interface SegmentMeasure {
  readonly segment: number
  readonly patches: number
  readonly share: number
  /** Pieces that do not touch (by sides). */
  readonly components: number
  /** Centre in fractions of what the model saw. */
  readonly centroid: readonly [x: number, y: number]
}

/** Labels of one picture at the edges of its pixels, and the part of the picture that they cover. */
export interface SegmentPixels {
  readonly height: number
  readonly width: number
  /** uint16 [height, width]. */
  readonly labels: Uint16Array
}

export interface SegmentPixelsRequest {
  readonly libraryId: string
  readonly segmentationId: string
  readonly row: number
  /** Patches as blocks, or brought to the picture's edges. */
  readonly edges: EdgeMethod | 'raw'
  readonly maxEdge: number
}

export interface SegmentExportRequest {
  readonly libraryId: string
  readonly segmentationId: string
  readonly rows: Rows
  /** `masks`: a PNG of labels per picture with its colours, of 16-bit grey where there are more than 256; `coco`: one JSON with RLE; `csv`: measures. */
  readonly what: 'masks' | 'coco' | 'csv'
  readonly edges: EdgeMethod | 'raw'
  readonly raw: boolean
}

export type SegmentEvent = Progress | { readonly kind: 'skipped'; readonly problem: FileProblem }
export type SegmentExportResult = Omit<EmbedResult, 'dim'>
