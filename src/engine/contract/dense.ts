/** @file Plain data about patch tokens of one picture and of two: colours, parts, objects, edges, correspondence. */
import type { AnalysisSize } from './data'
import type { Rows } from './collection'

// ── Colours that mean the same everywhere ────────────────────────────────────

/** Principal components of patch tokens of many pictures, frozen under a name. */
export interface ColourBasisInfo {
  readonly basisId: string
  readonly name: string
  readonly modelId: string
  readonly createdAt: string
  /** Pictures and patches it was fitted on. */
  readonly pictures: number
  readonly patches: number
  /** Share of the variance along each of the three components, 0..1. */
  readonly explained: readonly number[]
}

export interface ColourBasisRequest {
  readonly libraryId: string
  readonly rows: Rows
  readonly modelId: string
  readonly name: string
}

export interface PatchColours {
  /** uint8 [patches, 3]. */
  readonly rgb: Uint8Array
}

// ── One picture ──────────────────────────────────────────────────────────────

/** What looking at a picture would take, before it is done. */
export interface ViewEstimate {
  readonly inputHeight: number
  readonly inputWidth: number
  readonly patches: number
  /** 1 where the picture is looked at whole. */
  readonly tiles: number
  /** Largest memory of the run, about. */
  readonly bytes: number
  /** Undefined until the model has run once. */
  readonly ms: number | undefined
}

export interface ViewEstimateRequest {
  readonly imageId: string
  readonly modelId: string
  readonly size: AnalysisSize
  readonly tiled: boolean
}

/** Parts of one picture from fine to coarse: patches in groups, and which two groups become one next. */
export interface PartTree {
  /** Finest group of each patch, uint8 [patches], 0 .. groups − 1. */
  readonly labels: Uint8Array
  readonly groups: number
  /** Step i makes group `groups + i` of the two named; uint16 [groups − 1, 2]. */
  readonly merges: Uint16Array
  /** How unlike the two were (Ward), float32 [groups − 1], rising. */
  readonly heights: Float32Array
}

export type ObjectMethod = 'tokencut' | 'lost'

export interface ObjectRequest {
  readonly analysisId: string
  readonly method: ObjectMethod
}

/** The object that stands out in one picture. */
export interface FoundObject {
  readonly method: ObjectMethod
  /** 1 where the patch belongs to it, uint8 [patches]. */
  readonly mask: Uint8Array
  /** What was cut: TokenCut's second eigenvector (object positive), or LOST's similarity with the seeds; float32 [patches]. */
  readonly field: Float32Array
  /** In patches: left, top, width, height. */
  readonly box: readonly [number, number, number, number]
  /** The patch it was found from; −1 where nothing stands out, and then mask and box are empty. */
  readonly seed: number
  /** What was found, or why there is nothing, in words. */
  readonly note: string
}

/** Patches whose tokens hold something else than the picture there. Darcet et al. 2023. */
export interface Artefacts {
  /** Length of each patch token before the final norm, float32 [patches]. */
  readonly norms: Float32Array
  /** 1 for an artefact, uint8 [patches]. */
  readonly outlier: Uint8Array
  readonly threshold: number
  readonly note: string
}

export type EdgeMethod = 'guided' | 'bilateral'

/** A field or labels over patches, brought to the edges of the picture. */
export interface RefineRequest {
  readonly analysisId: string
  /** Labels 0..254, 255 for none, uint8 [patches]. */
  readonly labels: Uint8Array
  readonly method: EdgeMethod
  /** Longer edge of the answer in pixels, at most that of what the model was given. */
  readonly maxEdge: number
}

export interface RefinedLabels {
  readonly height: number
  readonly width: number
  /** uint8 [height, width]. */
  readonly labels: Uint8Array
}

// ── Two pictures ─────────────────────────────────────────────────────────────

export interface PairRequest {
  readonly left: string
  readonly right: string
}

/** Where a patch of the left picture is found in the right one. */
export interface PatchMatches {
  /** Cosine of each patch of the right picture with the chosen one, float32 [patches]. */
  readonly cosine: Float32Array
  /** Best patches, best first. */
  readonly best: readonly number[]
}

/** Patches that are each other's nearest; most similar first. */
export interface MutualMatches {
  readonly left: Uint32Array
  readonly right: Uint32Array
  readonly cosine: Float32Array
}

/** Parts that both pictures have: label 0.. of a common part, 255 for none. */
export interface CommonParts {
  readonly left: Uint8Array
  readonly right: Uint8Array
  /** Mean cosine between the two sides of each part. */
  readonly similarity: readonly number[]
}
