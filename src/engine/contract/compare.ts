/** @file Plain data about two models over the same pictures. */
import type { FileProblem, Pooling } from './data'
import type { Rows } from './collection'

export interface CompareModelsRequest {
  readonly libraryId: string
  readonly rows: Rows
  readonly modelA: string
  readonly modelB: string
  readonly pooling: Pooling
  /** Nearest pictures that are compared. */
  readonly k: number
}

/** k-NN accuracy of both models, each picture's class named by the nearest others. */
export interface ComparedAccuracy {
  /** Pictures that vote. */
  readonly k: number
  readonly classes: number
  /** Pictures that lie in a class folder. */
  readonly pictures: number
  /** 0..1. */
  readonly a: number
  readonly b: number
  /** Share of the largest class, which is what always naming it would give. */
  readonly largestClass: number
}

/** What two models make of the same pictures. */
export interface ModelComparison {
  /** Under which the neighbours can be asked for, as long as the engine keeps them. */
  readonly comparisonId: string
  readonly modelA: string
  readonly modelB: string
  readonly pooling: Pooling
  /** Nearest pictures that were compared: as asked for, and at most half of the others. */
  readonly k: number
  /** Pictures that were compared, rising. uint32 [pictures]. */
  readonly rows: Uint32Array
  /** Pictures that have vectors of both; more than were compared where there are very many. */
  readonly of: number
  /** Linear CKA, 0..1; undefined where one model gives all pictures the same vector. */
  readonly cka: number | undefined
  /** What it would be on average with the pictures of one model shuffled. */
  readonly ckaByChance: number | undefined
  /** Mean share of each picture's nearest that both agree on, 0..1, and what chance would give. */
  readonly overlap: number
  readonly overlapByChance: number
  /** The same for each picture, in the order of `rows`: float32 [pictures]. */
  readonly overlaps: Float32Array
  /** In cosines: how much less alike each picture is to the other model's nearest than to its own, mean of both; float32 [pictures]. */
  readonly gaps: Float32Array
  /** Rows by how much their neighbours changed: the smallest overlap first, of equal ones the largest gap. uint32 [pictures]. */
  readonly changed: Uint32Array
  /** Where the pictures lie in at least two class folders. */
  readonly accuracy: ComparedAccuracy | undefined
  /** Between the vectors as the models give them; undefined where they have not the same length. */
  readonly maxAbsDiff: number | undefined
  /** The two give the same vectors, up to 1e-4; `sameWeights` where their weights are the same to the bit. */
  readonly identical: { readonly maxAbsDiff: number; readonly sameWeights: boolean } | undefined
  /** Pictures that could not be embedded with one of them or either. */
  readonly skipped: readonly FileProblem[]
}

/** Nearest first. */
export interface NeighbourList {
  readonly rows: Uint32Array
  /** float32 [rows]. */
  readonly cosines: Float32Array
}

export interface NeighboursOfBoth {
  readonly a: NeighbourList
  readonly b: NeighbourList
}

/** PCA colours of one picture by two models, turned so that the same colour means the same thing. */
export interface PairColours {
  /** uint8 [patches, 3], of the left and of the right analysis. */
  readonly left: Uint8Array
  readonly right: Uint8Array
  /** Correlation of what the colours show, 0..1. */
  readonly agreement: number
}
