/** @file Plain data that crosses processes: images, models, analyses, progress. Structured-clone values only. */
import type { ModelGives } from './onnx'

/** Progress of a job: `value` in 0..1, rate in units per second, ETA in milliseconds (undefined until it can be told). */
export interface Progress {
  readonly kind: 'progress'
  /** Stable name of the whole work. */
  readonly title: string
  readonly done: number
  readonly total: number
  readonly value: number
  readonly ratePerSecond: number | undefined
  readonly etaMs: number | undefined
}

/** Why one file was left out while the rest of the job went on. */
export interface FileProblem {
  readonly relativePath: string
  readonly code: string
  readonly reason: string
}

// ── Library ──────────────────────────────────────────────────────────────────

/** One image file as a scan finds it, before it has been opened. The id is opaque; paths never reach the page's requests. */
export interface ImageEntry {
  readonly id: string
  readonly name: string
  /** Path below the opened folder, with `/`, escaped where the name is not UTF-8. For display. */
  readonly relativePath: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** What is known once the file has been decoded. Pixels as shown, after EXIF orientation. */
export interface ImageCheck {
  readonly id: string
  readonly width: number
  readonly height: number
}

export type LibraryEvent =
  | { readonly kind: 'opened'; readonly libraryId: string; readonly name: string }
  | { readonly kind: 'found'; readonly images: readonly ImageEntry[] }
  | { readonly kind: 'checked'; readonly checks: readonly ImageCheck[] }
  | { readonly kind: 'broken'; readonly id: string; readonly problem: FileProblem }
  | { readonly kind: 'skipped'; readonly problem: FileProblem }
  /** Their files have gone since the folder was read before; what is known of them stays. */
  | { readonly kind: 'gone'; readonly ids: readonly string[] }
  /** Their files are there again. */
  | { readonly kind: 'back'; readonly ids: readonly string[] }
  /** Their files hold another picture now. */
  | { readonly kind: 'changed'; readonly ids: readonly string[] }
  | Progress

export interface LibrarySummary {
  readonly libraryId: string
  readonly images: number
  readonly broken: number
  readonly skipped: number
  readonly gone: number
  /** The folder cannot be reached now; what is shown is what was known of it. */
  readonly offline: boolean
}

/** What happened in an open folder after it had been read. */
export interface LibraryChanges {
  readonly libraryId: string
  readonly events: readonly LibraryEvent[]
}

/** A folder as the browser-side folder picker shows it. */
export interface DirectoryListing {
  readonly path: string
  readonly parent: string | undefined
  readonly directories: readonly string[]
  /** Images directly in this folder. */
  readonly imageCount: number
  /** Names of files directly in this folder that may be imported as models: .pth, .pt, .bin, .safetensors. */
  readonly modelFiles?: readonly string[]
}

/** A picture rendered for the screen. */
export interface RenderedImage {
  readonly bytes: Uint8Array
  readonly contentType: string
  readonly width: number
  readonly height: number
}

// ── Models ───────────────────────────────────────────────────────────────────

export type ModelFamily = 'dino' | 'dinov2'

/** How pictures of a library are embedded: short edge to so many pixels, then the middle of so many. */
export interface EvaluationCrop {
  readonly shortEdge: number
  readonly crop: number
}

export interface ModelInfo {
  readonly id: string
  readonly name: string
  readonly origin: 'bundled' | 'imported'
  /** `onnx` for the graph of another maker, which is run as it is. */
  readonly family: ModelFamily | 'onnx'
  /** For example `ViT-S/14`, `ViT-S/14 · 4 registers`. */
  readonly architecture: string
  readonly gives: ModelGives
  /** Edge of the one square size that it takes, pixels; undefined where it takes any. */
  readonly fixedSize: number | undefined
  readonly patchSize: number
  readonly dim: number
  readonly depth: number
  readonly heads: number
  readonly registers: number
  readonly evaluation: EvaluationCrop
  readonly parameters: number
  readonly sizeBytes: number
  /** What the weights are, in a sentence the interface shows: source file, or that they are untrained. */
  readonly description: string
  readonly trained: boolean
  readonly importedFrom: string | undefined
  readonly unexpectedKeys: readonly string[]
}

// ── Looking at one picture ───────────────────────────────────────────────────

/** Short edge in pixels, the picture's own size, or the model's own evaluation crop. */
export type AnalysisSize = number | 'native' | 'evaluation'

export interface AnalyseRequest {
  readonly imageId: string
  readonly modelId: string
  readonly size: AnalysisSize
  /** Larger than a look at the whole picture allows: in tiles that overlap. */
  readonly tiled?: boolean | undefined
}

/** The part of the picture the model saw, in fractions of the shown picture. */
export interface Extent {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Attention of one query token to the patch tokens. Values are softmax weights; registers and CLS are left out. */
export interface AttentionMaps {
  /** 0-based block. */
  readonly layer: number
  /** CLS, or the index of a patch in row-major order. */
  readonly query: 'cls' | number
  readonly heads: number
  /** float32 [heads, patches]. */
  readonly weights: Float32Array
  /** Share of the attention that falls on patches rather than on CLS and registers, float32 [heads], 0..1. */
  readonly patchShare: Float32Array
}

export interface PcaMap {
  /** uint8 [patches, 3]; the first three principal components of the foreground patches as red, green, blue. */
  readonly rgb: Uint8Array
  /** 1 where the first component of all patches says foreground, uint8 [patches]. */
  readonly foreground: Uint8Array
  /** Share of the variance explained by each of the three components, 0..1. */
  readonly explained: readonly number[]
  /** What was fitted, in words the interface shows under the picture. */
  readonly note: string
}

export interface Analysis {
  readonly analysisId: string
  readonly imageId: string
  readonly modelId: string
  /** Pixels the model was given. */
  readonly inputHeight: number
  readonly inputWidth: number
  /** Patches down and across. */
  readonly gridHeight: number
  readonly gridWidth: number
  /** 1 where the picture was looked at whole. */
  readonly tiles: number
  readonly layers: number
  readonly heads: number
  readonly extent: Extent
  /** Attention of CLS in the last block; undefined for a model that gives none. */
  readonly attention: AttentionMaps | undefined
  readonly pca: PcaMap
  /** Time in the model alone, milliseconds. */
  readonly modelMs: number
  /** What was done to the picture, in words: resize, crop, limits. */
  readonly note: string
}

export interface SimilarityMap {
  readonly patch: number
  /** Cosine of each patch with the chosen one, float32 [patches], -1..1. */
  readonly cosine: Float32Array
}

// ── Embedding a folder ───────────────────────────────────────────────────────

export type Pooling = 'cls' | 'mean' | 'cls+mean'
export type EmbeddingFormat = 'csv' | 'parquet' | 'npy' | 'arrow'

export type EmbedEvent = Progress | { readonly kind: 'skipped'; readonly problem: FileProblem }

export interface EmbedResult {
  /** Opaque id under which the written files can be fetched. */
  readonly exportId: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[]
  readonly images: number
  readonly dim: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
}

/** A part of one file of a finished export. */
export interface ExportedFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly totalBytes: number
}

// ── The engine itself ────────────────────────────────────────────────────────

export type ProviderName = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml'

/** One execution provider that was tried. */
export interface ProviderReport {
  readonly name: ProviderName
  readonly ok: boolean
  /** Why it cannot be used, or what was checked. */
  readonly reason: string
}

export interface EngineStatus {
  readonly version: string
  readonly provider: ProviderName
  readonly providers: readonly ProviderReport[]
  readonly threads: number
  readonly workspace: string
  readonly rssBytes: number
  readonly heicSupported: boolean
}

/** Measured speed of the last work, for the status bar. */
export interface Throughput {
  readonly modelId: string
  readonly imagesPerSecond: number
}
