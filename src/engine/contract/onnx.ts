/** @file ONNX models of other makers: what is in a file, how it can be looked through, and how a person wants it read. */

/** An input or output as the file declares it: dimensions known only at a run are names. */
export interface OnnxValue {
  readonly name: string
  readonly dtype: string
  /** Undefined where the file does not tell it. */
  readonly shape: readonly (number | string)[] | undefined
}

/**
 * How an output holds what a model says of a picture: `tokens` [batch, tokens, width], `map` [batch, width, rows, columns],
 * `map-last` [batch, rows, columns, width], or one `vector` [batch, width].
 */
export type OnnxForm = 'tokens' | 'map' | 'map-last' | 'vector'

/** An output that can be looked through, as a trial run showed it. */
export interface OnnxChoice {
  readonly output: string
  readonly form: OnnxForm
  /** Width of a token. */
  readonly dim: number
  /** Tokens before those of patches: CLS, then registers. */
  readonly leadingTokens: number
  /** Pixels along an edge of a patch; of a vector, of the whole picture. */
  readonly patchSize: number
  /** Blocks and heads whose attention the model gives with these tokens; 0 where it gives none. */
  readonly blocks: number
  readonly heads: number
}

/** How an ONNX model is read. */
export interface OnnxMapping {
  readonly output: string
  /** CLS first, then registers. */
  readonly leadingTokens: number
  /** Per channel, of values 0..1. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  /** Edge of the square that a library's pictures are embedded at, pixels. */
  readonly size: number
}

export interface OnnxInspection {
  /** For people, after the file. */
  readonly name: string
  /** Of the file and of what lies beside it. */
  readonly sizeBytes: number
  readonly parameters: number
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** Edge of the one square size that the model takes, pixels; undefined where it takes any. */
  readonly fixedSize: number | undefined
  /** In the file's order; never empty. */
  readonly choices: readonly OnnxChoice[]
  readonly proposal: OnnxMapping
}

/** What a model gives of a picture beside its vector. */
export interface ModelGives {
  /** Tokens of patches: PCA, similarity, parts, segments, matches. */
  readonly patches: boolean
  /** Attention of CLS and of patches. */
  readonly attention: boolean
  /** Its weights and what is between its blocks: export, training from it, objects, heads of several layers. */
  readonly inside: boolean
}
