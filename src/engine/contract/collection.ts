/** @file Plain data about a library as a whole: folders, vectors, search, maps, structure, selections. */
import type { EmbeddingFormat, FileProblem, Pooling, Progress } from './data'

/**
 * Pictures of an opened folder by their row: the place in the order in which the folder's `found` events told them, from 0.
 * A row keeps its picture for as long as the folder is open. Undefined means all of them.
 */
export type Rows = Uint32Array | undefined

// ── Folders the workspace knows ──────────────────────────────────────────────

/** A folder that was opened before. It stays known while its drive is unplugged. */
export interface FolderInfo {
  readonly path: string
  readonly name: string
  readonly images: number
  readonly online: boolean
  /** ISO 8601. */
  readonly openedAt: string
}

// ── Vectors ──────────────────────────────────────────────────────────────────

/** What made the vectors that are compared. */
export interface VectorSpace {
  readonly modelId: string
  readonly pooling: Pooling
}

/** How many pictures of a folder have vectors of one model. */
export interface VectorStatus {
  readonly modelId: string
  readonly images: number
  /** Of these, how many have compact patch tokens too. */
  readonly withPatches: number
}

export interface EmbedLibraryRequest {
  readonly libraryId: string
  readonly rows: Rows
  readonly modelId: string
  /** Whether patch tokens are kept as well: PCA to 64 dimensions, int8. */
  readonly patches: boolean
}

export interface EmbedLibraryResult {
  readonly embedded: number
  /** Of these: pictures that had their vectors, and went through the model again since their patch tokens were not kept. */
  readonly again: number
  /** Had all that was asked for already. */
  readonly already: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
  /** What the compact form costs, measured on patches of these pictures. */
  readonly patchCost: PatchCost | undefined
}

/** How far compact patch tokens are from the exact ones. */
export interface PatchCost {
  readonly patches: number
  /** Mean and 1st percentile of the cosine between an exact patch token and the one that was kept. */
  readonly meanCosine: number
  readonly worstPercentCosine: number
  /** Share of the variance that the kept dimensions hold, 0..1. */
  readonly explained: number
  readonly bytesPerImage: number
}

export type VectorPooling = Pooling | 'patches'

export interface ExportVectorsRequest {
  readonly libraryId: string
  readonly rows: Rows
  readonly modelId: string
  readonly pooling: VectorPooling
  readonly format: EmbeddingFormat
  /** CSV only: leaves cells that a spreadsheet would take for formulas as they are. */
  readonly raw: boolean
}

// ── Search ───────────────────────────────────────────────────────────────────

/** A picture to find others by: one of the folder, or one that was dropped or pasted. */
export type SearchExample =
  | { readonly kind: 'row'; readonly row: number; readonly sign: 1 | -1 }
  | { readonly kind: 'upload'; readonly uploadId: string; readonly sign: 1 | -1 }

/** `auto` is exact as long as it is quick. */
export type SearchMethod = 'auto' | 'exact' | 'index'

export interface SearchRequest extends VectorSpace {
  readonly libraryId: string
  /** At least one of them positive. Negative ones push away. */
  readonly examples: readonly SearchExample[]
  readonly top: number
  readonly method: SearchMethod
}

export interface SearchResult {
  /** Most similar first. */
  readonly rows: Uint32Array
  /** Cosine, float32 [rows]. */
  readonly scores: Float32Array
  readonly method: 'exact' | 'index'
  /** Pictures that have vectors of this model, and all of the folder. */
  readonly searched: number
  readonly images: number
  readonly ms: number
}

/** An approximate index, and how good it is. */
export interface SearchIndexInfo extends VectorSpace {
  readonly builtAt: string
  readonly vectors: number
  /** Share of the exact 10 nearest that the index finds, 0..1, over `queries` pictures of the library. */
  readonly recall: number
  readonly queries: number
  readonly exactMs: number
  readonly indexMs: number
}

export interface PatchSearchRequest {
  readonly libraryId: string
  /** The picture that was looked at; its model is the one searched with. */
  readonly analysisId: string
  /** Patches clicked or brushed, row-major in the analysis's grid. */
  readonly patches: readonly number[]
  readonly top: number
}

/** One picture in which similar patches were found. */
export interface PatchHit {
  readonly row: number
  /** Best patch's mean cosine over the query patches. */
  readonly score: number
  readonly gridHeight: number
  readonly gridWidth: number
  /** Cosine of each patch with the nearest of the query patches, float32 [gridHeight × gridWidth]. */
  readonly cosine: Float32Array
}

export interface PatchSearchResult {
  readonly hits: readonly PatchHit[]
  /** Pictures that have patch tokens of this model, and all of the folder. */
  readonly searched: number
  readonly images: number
  readonly ms: number
}

// ── Map ──────────────────────────────────────────────────────────────────────

export interface MapRequest extends VectorSpace {
  readonly libraryId: string
  readonly rows: Rows
  readonly subject: 'images' | 'patches'
  readonly method: 'pca' | 'umap'
  readonly dims: 2 | 3
  /** UMAP: neighbours per point, distance of points that touch. */
  readonly neighbours: number
  readonly minDist: number
  readonly seed: number
}

/** How well a map keeps who is near whom, against exact neighbours. */
export interface MapQuality {
  readonly neighbours: number
  /** 0..1, 1 where no point has strangers among its neighbours on the map. Venna & Kaski 2001. */
  readonly trustworthiness: number
  /** Share of each point's true neighbours that are its neighbours on the map, 0..1. */
  readonly preserved: number
  /** Points that were measured. */
  readonly points: number
}

export interface MapInfo extends Omit<MapRequest, 'rows' | 'libraryId'> {
  readonly mapId: string
  readonly points: number
  readonly computedAt: string
  readonly quality: MapQuality | undefined
  /** PCA: share of the variance along each axis. */
  readonly explained: readonly number[] | undefined
  /** When not all could be drawn: how many there are. */
  readonly of: number
}

/** Points of a map; point i is picture `rows[i]`, and its patch `patches[i]` where patches are mapped. */
export interface MapData {
  readonly info: MapInfo
  readonly rows: Uint32Array
  readonly patches: Uint32Array | undefined
  /** float32 [points, dims], centred, longest extent 2. */
  readonly coordinates: Float32Array
}

// ── Structure ────────────────────────────────────────────────────────────────

export interface ClusterRequest extends VectorSpace {
  readonly libraryId: string
  readonly rows: Rows
  readonly method: 'kmeans' | 'density'
  /** k-means: how many; `auto` tries several and takes the one with the best silhouette. */
  readonly clusters: number | 'auto'
  /** Density: the smallest group that counts as a cluster. */
  readonly smallest: number
  readonly restarts: number
  readonly seed: number
}

export interface Cluster {
  /** Label of its pictures. */
  readonly id: number
  readonly name: string
  readonly size: number
  /** Rows of the pictures nearest its centre, nearest first. */
  readonly representatives: Uint32Array
  /** Mean cosine of its pictures with its centre. */
  readonly tightness: number
}

export interface ClusteringInfo extends VectorSpace {
  readonly clusteringId: string
  readonly name: string
  readonly method: 'kmeans' | 'density'
  readonly createdAt: string
  readonly clusters: number
  /** Mean simplified silhouette, -1..1. */
  readonly silhouette: number
}

export interface Clustering {
  readonly info: ClusteringInfo
  /** Label of each row of the folder, int32 [images]; -1 where there is none. */
  readonly labels: Int32Array
  /** Largest first. */
  readonly clusters: readonly Cluster[]
  /** Whether there is a change to take back. */
  readonly canUndo: boolean
}

export type ClusteringChange =
  | { readonly kind: 'rename'; readonly cluster: number; readonly name: string }
  | { readonly kind: 'merge'; readonly clusters: readonly number[] }
  | { readonly kind: 'split'; readonly cluster: number; readonly into: number }
  | { readonly kind: 'undo' }

/** 0 the same bytes, 1 the same picture encoded again, 2 a similar scene. */
export type DuplicateGrade = 0 | 1 | 2

export interface DuplicateRequest extends VectorSpace {
  readonly libraryId: string
  readonly rows: Rows
  /** Similar scenes less similar than this are not told. */
  readonly floor: number
}

/** Pairs of pictures, most similar first. Whoever shows them groups those above a threshold (`display/duplicate-groups`). */
export interface DuplicatePairs {
  readonly left: Uint32Array
  readonly right: Uint32Array
  /** Cosine of their vectors, float32; 1 for the same bytes, and the share of equal bits of their looks where one has no vector. */
  readonly similarity: Float32Array
  /** DuplicateGrade, uint8. */
  readonly grade: Uint8Array
  /** Pictures without vectors could only be compared by their bytes and their looks. */
  readonly withoutVectors: number
  /** Pairs left out because there were too many. */
  readonly leftOut: number
}

export interface OutlierRequest extends VectorSpace {
  readonly libraryId: string
  readonly rows: Rows
  readonly neighbours: number
}

export interface Outliers {
  /** 1 − mean cosine with the nearest neighbours, float32 [images]; NaN where there is no vector. */
  readonly uniqueness: Float32Array
}

export interface CurateRequest extends VectorSpace {
  readonly libraryId: string
  readonly rows: Rows
  /** Pictures at least as similar as this are one. */
  readonly duplicateSimilarity: number
  readonly clusters: number
  /** Pictures wanted; fewer come where there are not so many. */
  readonly target: number
  readonly seed: number
}

/** What a curation would keep; nothing has been changed. */
export interface CurationPlan {
  readonly kept: Uint32Array
  readonly duplicates: Uint32Array
  /** Pictures left out to balance the clusters. */
  readonly balancedAway: Uint32Array
  /** Per cluster: pictures before, after de-duplication, kept; uint32 [clusters, 3], largest before first. */
  readonly perCluster: Uint32Array
  /** A picture that stands for each cluster, uint32 [clusters]. */
  readonly representatives: Uint32Array
  /** How even the clusters are, before and after: entropy of their shares over its maximum, 0..1. */
  readonly evennessBefore: number
  readonly evennessAfter: number
}

// ── Selections and tags ──────────────────────────────────────────────────────

export type SetKind = 'selection' | 'tag'

/** Pictures under a name, known by their content: they stay in it when they are moved or renamed. */
export interface SetInfo {
  readonly setId: string
  readonly kind: SetKind
  readonly name: string
  /** Pictures of it in this folder, and different contents altogether: of several files with the same bytes all are here. */
  readonly here: number
  readonly size: number
  readonly changedAt: string
}

export type SetChange =
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'add'; readonly rows: Uint32Array }
  | { readonly kind: 'take'; readonly rows: Uint32Array }
  | { readonly kind: 'replace'; readonly rows: Uint32Array }

export interface CopyRequest {
  readonly libraryId: string
  readonly rows: Uint32Array
  /** An existing folder outside the library. */
  readonly folder: string
  /** Whether sub-folders are kept; otherwise names that clash get a number. */
  readonly keepFolders: boolean
}

export type CopyEvent = Progress | { readonly kind: 'skipped'; readonly problem: FileProblem }

export interface CopyResult {
  readonly copied: number
  readonly folder: string
  readonly skipped: readonly FileProblem[]
}
