/** @file Plain data about evaluation: how well features tell the class folders of a person apart, by which protocol, on which pictures. */
import type { FileProblem, Pooling, Progress } from './data'

/** k-NN and linear probe: accuracy on pictures not learned from. Retrieval: mean average precision. */
export type EvaluationProtocol = 'knn' | 'linear' | 'retrieval'

export interface EvaluateRequest {
  /** Holds a folder of pictures for each class. */
  readonly folder: string
  /** Likewise, with the pictures to test; without it those of `folder` are tested, none by itself. */
  readonly testFolder: string | undefined
  readonly modelIds: readonly string[]
  /** Whether raw pixels are scored too: what any model has to be better than. */
  readonly pixels: boolean
  readonly protocols: readonly EvaluationProtocol[]
  /** Of a model; pixels have none. */
  readonly pooling: Pooling
  /** Only the first pictures of each class of each folder; all where it is undefined. */
  readonly perClass: number | undefined
}

/** Whose features were scored. */
export type EvaluatedFeatures =
  | {
      readonly kind: 'model'
      readonly modelId: string
      readonly name: string
      /** Of the weights: a name may come to mean another model. */
      readonly sha256: string
      readonly pooling: Pooling
      /** What was done to each picture, in words. */
      readonly preparation: string
    }
  | { readonly kind: 'pixels'; readonly edge: number }

/** By which pictures a picture was judged: another folder's, all others of its folder, or four fifths of its folder. */
export type EvaluationSplit = 'folders' | 'leave-one-out' | 'held-out-fifth'

export type EvaluationMethod =
  | { readonly kind: 'knn'; readonly k: number }
  /** The inverse strength of the ridge that was chosen away from the test. */
  | { readonly kind: 'linear'; readonly C: number }
  | { readonly kind: 'retrieval' }

export interface EvaluationData {
  readonly folder: string
  readonly testFolder: string | undefined
  /** sha256 over side, class and content hash of every picture, sorted: the same pictures in the same classes, wherever they lie. */
  readonly hash: string
  /** Pictures of each class in `folder`, and in `testFolder` where there is one. */
  readonly classes: readonly { readonly name: string; readonly pictures: number; readonly testPictures: number }[]
}

export interface EvaluationFigure {
  readonly name: string
  /** 0..1 */
  readonly value: number
  /** Standard error over the tested pictures; undefined where one picture tells none. */
  readonly error: number | undefined
}

export interface EvaluationClass {
  readonly name: string
  readonly queries: number
  /** Accuracy or mean average precision, 0..1; undefined where nothing of it was tested. */
  readonly value: number | undefined
}

export interface EvaluationCounts {
  /** Pictures that were compared with or learned from. */
  readonly references: number
  /** Pictures that were tested. */
  readonly queries: number
  /** Tested pictures that no reference can answer: k-NN and linear probe count them as wrong, retrieval leaves them out. */
  readonly unanswerable: number
  /** Pictures of both folders: never compared with themselves, nor learned from. */
  readonly overlap: number
  /** The same bytes again within a folder, left out. */
  readonly duplicates: number
  /** Pictures that lie in no class folder, left out. */
  readonly unclassed: number
  /** Pictures that could not be used. */
  readonly skipped: number
}

/** One result that is kept. */
export interface EvaluationInfo {
  /** The same features, method and pictures always have the same id: a new run takes the place of the old one. */
  readonly evaluationId: string
  /** ISO 8601. */
  readonly createdAt: string
  /** Of DinoScope. */
  readonly version: string
  readonly method: EvaluationMethod
  readonly split: EvaluationSplit
  readonly features: EvaluatedFeatures
  readonly data: EvaluationData
  readonly counts: EvaluationCounts
  /** The headline first. */
  readonly figures: readonly EvaluationFigure[]
  readonly perClass: readonly EvaluationClass[]
  /** Which class was taken for which, the most frequent first; not of retrieval. */
  readonly mistakes: readonly { readonly truth: string; readonly said: string; readonly count: number }[]
}

/** What could not be scored while the rest went on. */
export interface EvaluationFailure {
  /** Of the model, or of raw pixels. */
  readonly name: string
  /** Undefined where there were no features at all. */
  readonly protocol: EvaluationProtocol | undefined
  readonly reason: string
}

export type EvaluateEvent =
  | Progress
  | { readonly kind: 'skipped'; readonly problem: FileProblem }
  | { readonly kind: 'scored'; readonly evaluation: EvaluationInfo }
  | { readonly kind: 'failed'; readonly failure: EvaluationFailure }

export interface EvaluateResult {
  readonly evaluations: readonly EvaluationInfo[]
  readonly skipped: readonly FileProblem[]
  readonly failures: readonly EvaluationFailure[]
}

export interface EvaluationList {
  /** Newest first. */
  readonly evaluations: readonly EvaluationInfo[]
  /** Files that could not be read, and why; they are left where they are. */
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[]
}

export interface EvaluationExportRequest {
  readonly evaluationIds: readonly string[]
  /** A row a figure and a row a class, or everything as it is kept. */
  readonly format: 'csv' | 'json'
}

export interface EvaluationExport {
  readonly exportId: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[]
}
