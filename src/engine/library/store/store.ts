/** @file What the store of a workspace promises, whatever keeps it. */
import type { Pooling } from '../../contract'

/** Which weights made vectors, and how pictures were prepared for them: vectors of different keys are never compared. */
export interface ModelKey {
  /** sha256 of the weights, hex. */
  readonly sha256: string
  /** Length of a token. */
  readonly dim: number
  /** What was done to each picture, in words; a change of it makes other vectors. */
  readonly preprocessing: string
}

/** One file as it was when it was last read whole. */
export interface StoredFile {
  /** Real path of the opened folder it lies in. */
  readonly root: string
  /** Below the root, with `/`, escaped where the name is not UTF-8; unique within the root. */
  readonly relativePath: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** sha256 of the bytes, hex; undefined for one that was never read whole. */
  readonly hash: string | undefined
  /** Pixels as shown; 0 while unknown or broken. */
  readonly width: number
  readonly height: number
  /** 64-bit difference hash of the picture as shown, 16 hex digits; undefined while unknown or broken. */
  readonly look: string | undefined
  readonly problemCode: string | undefined
  readonly problemReason: string | undefined
}

/** Vectors of one picture's content. */
export interface StoredVectors {
  readonly hash: string
  /** float32 [dim]. */
  readonly cls: Float32Array
  /** Mean of the patch tokens, float32 [dim]. */
  readonly mean: Float32Array
}

/** Compact patch tokens of one picture: unit tokens, projected on a model's patch basis, int8. */
export interface StoredPatches {
  readonly hash: string
  readonly gridHeight: number
  readonly gridWidth: number
  /** int8 [gridHeight × gridWidth, dims of the basis], row-major. */
  readonly codes: Int8Array
  /** What a code of 1 stands for. */
  readonly scale: number
}

/** Directions on which patch tokens are projected; fitted once for a model and kept, so that all codes can be compared. */
export interface PatchBasis {
  readonly dim: number
  readonly dims: number
  /** float32 [dim]; mean of unit patch tokens. */
  readonly mean: Float32Array
  /** float32 [dims, dim], orthonormal rows. */
  readonly axes: Float32Array
  /** Share of the variance along all axes together, 0..1. */
  readonly explained: number
}

/** Rows found for the hashes that were asked for. */
export interface ReadVectors {
  /** Positions in the hashes that were asked for, rising. */
  readonly found: Uint32Array
  /** float32 [found, dim of the pooling], not normalised. */
  readonly matrix: Float32Array
}

export interface FileTable {
  /** All files of a root, in the order in which they were last put; damaged rows are left out, and told of. */
  list(root: string): Promise<readonly StoredFile[]>
  /** Known roots and how many files each has. */
  roots(): Promise<readonly { readonly root: string; readonly files: number }[]>
  /** Adds or replaces by (root, relativePath); on the disk when it resolves. */
  put(files: readonly StoredFile[]): Promise<void>
  remove(root: string, relativePaths: readonly string[]): Promise<void>
  forget(root: string): Promise<void>
}

export interface VectorTable {
  /** Hashes with vectors, as a set that changes with the table; those found damaged are no longer in it. */
  hashes(): Promise<ReadonlySet<string>>
  /**
   * On the disk when it resolves. A hash that is there already is left as it is.
   * @throws EngineError BAD_REQUEST for a vector of another length or with a number that is not finite, DISK
   */
  append(rows: readonly StoredVectors[]): Promise<void>
  /** Checks every row, drops and tells of what is damaged, and answers how many that were; before embedding what is missing. */
  verify(signal?: AbortSignal): Promise<number>
  /**
   * Vectors of the pictures that have some; a hash may be asked for twice. Checked row by row: a damaged one counts as
   * missing, is told of once, and can be appended anew.
   */
  read(hashes: readonly string[], pooling: Pooling): Promise<ReadVectors>
  /**
   * Cosine neighbours over everything that is stored of this model, nearest first; what has come since the index was built
   * is compared exactly.
   * @param vector float32 [dim of the pooling], of any length; of CLS and mean together each part of a stored vector counts
   *   at unit length
   * @throws EngineError NOT_FOUND by `index` where none has been built
   */
  nearest(vector: Float32Array, pooling: Pooling, top: number, method: 'exact' | 'index'): Promise<readonly { readonly hash: string; readonly cosine: number }[]>
  /**
   * Builds the approximate index of a pooling over what is stored now. It cannot be interrupted inside a part: who cancels
   * goes on at once, and what comes of it later is dropped.
   * @throws EngineError BAD_REQUEST for fewer than 1000 vectors, the signal's reason
   */
  buildIndex(pooling: Pooling, options: { readonly signal: AbortSignal; onProgress?(share: number): void }): Promise<void>
  indexed(pooling: Pooling): Promise<{ readonly vectors: number; readonly builtAt: string } | undefined>
}

export interface PatchTable {
  hashes(): Promise<ReadonlySet<string>>
  basis(): Promise<PatchBasis | undefined>
  /** Keeps the basis. @throws EngineError ALREADY_EXISTS when there is another already */
  setBasis(basis: PatchBasis): Promise<void>
  /** As for vectors. @throws EngineError BAD_REQUEST before there is a basis, or when codes do not fill their grid */
  append(rows: readonly StoredPatches[]): Promise<void>
  /** Those of `hashes` that are there and whole, in batches of some hundred, in no particular order. */
  scan(hashes: ReadonlySet<string>, signal: AbortSignal): AsyncIterable<readonly StoredPatches[]>
}

/** What was mended when the store was opened or read. */
export interface Mended {
  readonly table: string
  readonly what: string
}

/** Everything a workspace knows of pictures. One writer at a time holds its lock; readers need none. */
export interface Store {
  readonly folder: string
  readonly files: FileTable
  vectors(key: ModelKey): Promise<VectorTable>
  patches(key: ModelKey): Promise<PatchTable>
  /** Keys of all models that have vectors. */
  models(): Promise<readonly ModelKey[]>
  /** Tells what was mended, and what is from now on. */
  onMended(listener: (mended: Mended) => void): void
  /** Waits for what is being written, and gives the lock back. */
  close(): Promise<void>
}
