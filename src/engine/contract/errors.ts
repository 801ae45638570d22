/** @file Every error code of the product, the one error class that carries them, and their form on the wire. */
import type { WireError } from './rpc'

/** What went wrong, in a form that code, logs, the CLI's exit status and the interface can all act on. */
export type EngineErrorCode =
  // images and folders
  | 'IMG_EMPTY'
  | 'IMG_CORRUPT'
  | 'IMG_TRUNCATED'
  | 'IMG_TOO_LARGE'
  | 'IMG_UNSUPPORTED'
  | 'IMG_HEIC_UNSUPPORTED'
  | 'NOT_A_FILE'
  /** A file that was being written whenever it was read. */
  | 'FILE_CHANGING'
  | 'SOURCE_UNAVAILABLE'
  // model files
  | 'MODEL_HEADER'
  | 'MODEL_TENSOR'
  | 'MODEL_ARCHIVE'
  | 'MODEL_UNSUPPORTED'
  | 'MODEL_KEYS'
  | 'MODEL_NOT_FINITE'
  | 'MODEL_DAMAGED'
  /** A model that refers to files it has no business with, or that would run code of its own. */
  | 'MODEL_EXTERNAL_DATA'
  /** A model that takes more memory or time than is given to it. */
  | 'MODEL_RESOURCE'
  | 'PICKLE_GLOBAL'
  | 'PICKLE_OPCODE'
  | 'PICKLE_LIMIT'
  | 'TENSOR_GEOMETRY'
  // graph and runtime
  | 'GRAPH'
  | 'RUNTIME'
  // training
  /** A recipe that is not understood; `detail.problems` lists what is wrong. */
  | 'RECIPE'
  | 'TRAIN_IMAGES'
  /** The weights to begin with are of another architecture. */
  | 'TRAIN_INIT'
  | 'CHECKPOINT'
  | 'NON_FINITE_LOSS'
  | 'MEMORY'
  // requests and life
  | 'BUSY'
  | 'BAD_REQUEST'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FORBIDDEN'
  | 'DISK'
  /** A server that cannot be reached, or gives something else than what was asked for. */
  | 'NETWORK'
  | 'CANCELLED'
  | 'ENGINE_EXITED'
  | 'INTERNAL'

export interface EngineErrorOptions {
  /** Structured facts for the interface: the file, the tensor, lists of keys. Plain data only. */
  readonly detail?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The one error class of the product. The message says what was wrong, what was found and what was expected. */
export class EngineError extends Error {
  readonly code: EngineErrorCode
  readonly detail: Readonly<Record<string, unknown>> | undefined

  constructor(code: EngineErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EngineError'
    this.code = code
    this.detail = options.detail
  }
}

/** Whether `error` is an EngineError, optionally of one code. */
export function isEngineError(error: unknown, code?: EngineErrorCode): error is EngineError {
  return error instanceof EngineError && (code === undefined || error.code === code)
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Flattens anything that was thrown. An abort becomes CANCELLED; what is not ours becomes INTERNAL. */
export function toWire(error: unknown): WireError {
  if (error instanceof EngineError) return { code: error.code, message: error.message, detail: error.detail }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'CANCELLED', message: 'cancelled' }
  return { code: 'INTERNAL', message: messageOf(error) }
}

/** The inverse of {@link toWire}. */
export function fromWire(wire: WireError): EngineError {
  return new EngineError(wire.code as EngineErrorCode, wire.message, {
    detail: wire.detail as Readonly<Record<string, unknown>> | undefined,
  })
}
