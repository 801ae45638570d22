/** @file What a dense head is: which blocks it reads, and how. */
import type { HeadArchitecture, HeadKind } from '../../contract'

export interface DenseHeadConfig {
  readonly kind: HeadKind
  readonly architecture: HeadArchitecture
  /** Length of a token. */
  readonly dim: number
  /** Blocks that are read, from 0, shallow to deep. */
  readonly layers: readonly number[]
  /** Depth, metres. */
  readonly minDepth: number
  readonly maxDepth: number
  /** Number of classes. */
  readonly classes: number
}

/** Tokens of one block that a head reads. */
export interface LayerTokens<T> {
  /** `[patches, dim]`. */
  readonly patches: T
  /** `[1, dim]`. */
  readonly cls: T
}
