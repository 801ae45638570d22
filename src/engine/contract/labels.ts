/** @file Plain data about a few named examples, what follows from them, and labels carried through frames. */
import type { Rows } from './collection'
import type { EmbedResult, FileProblem, Progress } from './data'
import type { Rgb } from './segments'

// ── Few-shot ─────────────────────────────────────────────────────────────────

export interface LabelClass {
  readonly id: number
  readonly name: string
  readonly colour: Rgb
  /** Pictures and patches named so far. */
  readonly pictures: number
  readonly patches: number
}

export interface LabelSetInfo {
  readonly labelSetId: string
  readonly name: string
  readonly modelId: string
  readonly createdAt: string
  readonly classes: readonly LabelClass[]
  readonly canUndo: boolean
}

/** What a person named: a whole picture, or some of its patches in the store's grid. */
export interface LabelExample {
  readonly row: number
  /** Row-major in the grid of the stored patch tokens; undefined for the picture as a whole. */
  readonly patches: Uint32Array | undefined
  readonly label: number
}

export type LabelChange =
  | { readonly kind: 'addClass'; readonly name: string; readonly colour: Rgb | undefined }
  | { readonly kind: 'renameClass'; readonly label: number; readonly name: string }
  | { readonly kind: 'recolourClass'; readonly label: number; readonly colour: Rgb }
  | { readonly kind: 'removeClass'; readonly label: number }
  /** Names examples; what was named before is named anew. */
  | { readonly kind: 'name'; readonly rows: Uint32Array; readonly patches: Uint32Array | undefined; readonly label: number }
  /** All patches of a segment, in pictures that it fills best. */
  | { readonly kind: 'nameSegment'; readonly segmentationId: string; readonly segment: number; readonly label: number }
  | { readonly kind: 'forget'; readonly rows: Uint32Array; readonly patches: Uint32Array | undefined }
  | { readonly kind: 'undo' }

export type ProbeMethod = 'knn' | 'linear'
export type ProbeSubject = 'pictures' | 'patches'

export interface PredictRequest {
  readonly libraryId: string
  readonly labelSetId: string
  readonly subject: ProbeSubject
  readonly method: ProbeMethod
}

/** How often the rest would have been right, by cross-validation over the examples. */
export interface ProbeAccuracy {
  readonly folds: number
  readonly examples: number
  /** 0..1; undefined while a class has fewer than two examples. */
  readonly accuracy: number | undefined
  readonly perClass: readonly { readonly label: number; readonly right: number; readonly of: number }[]
}

export interface Prediction {
  readonly subject: ProbeSubject
  readonly method: ProbeMethod
  /** Class of each row, int32 [images]; −1 where there is none. For patches: the class of most of its patches. */
  readonly labels: Int32Array
  /** 0..1, float32 [images]. */
  readonly confidence: Float32Array
  readonly accuracy: ProbeAccuracy
  readonly ms: number
}

export interface PictureLabels {
  readonly gridHeight: number
  readonly gridWidth: number
  /** Predicted class of each patch; 255 for none. uint8 [patches]. */
  readonly labels: Uint8Array
  readonly confidence: Float32Array
  /** What was named by hand: class, 255 for none. uint8 [patches]. */
  readonly named: Uint8Array
}

export interface LabelExportRequest extends PredictRequest {
  /** `csv`: a line per picture; `masks`: a PNG per picture; `onnx`: the head itself. */
  readonly what: 'csv' | 'masks' | 'onnx'
  readonly raw: boolean
}

export type LabelExportResult = Omit<EmbedResult, 'dim'>

// ── Frames ───────────────────────────────────────────────────────────────────

/** What is carried through frames: labels by patch of the first frame (255 is none and counts as background), a mask picture, or some segments of it. */
export type FirstFrame =
  | { readonly kind: 'patches'; readonly gridHeight: number; readonly gridWidth: number; readonly labels: Uint8Array }
  | { readonly kind: 'upload'; readonly uploadId: string }
  | { readonly kind: 'segments'; readonly segmentationId: string; readonly segments: readonly number[] }

export interface PropagateRequest {
  readonly libraryId: string
  /** Frames in their order; undefined: all pictures of the folder by name. */
  readonly rows: Rows
  readonly modelId: string
  /** Short edge that frames are looked at with; DAVIS: 480. */
  readonly size: number
  readonly first: FirstFrame
}

/** Which segments the first frame has, and where, before anything is run. */
export interface FirstSegmentsRequest extends Pick<PropagateRequest, 'libraryId' | 'modelId' | 'size'> {
  /** The first frame. */
  readonly row: number
  readonly segmentationId: string
}

export interface FirstSegments {
  readonly gridHeight: number
  readonly gridWidth: number
  /** Segment of each patch of the whole frame; 65535 where the model did not look when segments were found. uint16 [patches]. */
  readonly labels: Uint16Array
  /** Those of this frame, the largest first; `patches` of the frame's. */
  readonly segments: readonly { readonly id: number; readonly name: string; readonly colour: Rgb; readonly patches: number }[]
}

/** What a label means and how it is shown. */
export interface FrameClass {
  readonly label: number
  readonly colour: Rgb
  readonly name: string
}

export type PropagateEvent =
  | Progress
  | { readonly kind: 'skipped'; readonly problem: FileProblem }
  /** Told before the first frame. */
  | { readonly kind: 'classes'; readonly classes: readonly FrameClass[] }
  /** Labels of one frame by patch, uint8 [patches]. */
  | { readonly kind: 'frame'; readonly index: number; readonly row: number; readonly gridHeight: number; readonly gridWidth: number; readonly labels: Uint8Array }

export interface PropagateResult {
  readonly propagationId: string
  readonly rows: Uint32Array
  readonly classes: readonly FrameClass[]
  readonly framesPerSecond: number
}

export interface PropagateExportRequest {
  readonly propagationId: string
  /** A PNG of labels per frame, or pictures with the labels laid over them. */
  readonly what: 'masks' | 'overlays'
}

export type PropagateExportResult = Omit<EmbedResult, 'dim'>
