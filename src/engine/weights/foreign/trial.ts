/** @file What a trial run of a foreign graph is asked and tells, and which runs it takes. The runs are somebody else's: here are no graphs run. */
import { EngineError } from '../../contract'
import type { OnnxOutline, OutlinedValue } from '../../onnx'

/** The one input that pictures go into. */
export interface PictureInput {
  readonly name: string
  readonly channels: 'first' | 'last'
  /** Undefined where the file leaves it open. */
  readonly count: number | undefined
  /** Edge of a square picture, pixels; undefined where the file leaves it open. */
  readonly size: number | undefined
}

export interface OnnxTrialRequest {
  /** Of the graph, with all it refers to beside it. */
  readonly path: string
  readonly input: PictureInput
}

/** One output of one run. */
export interface TriedOutput {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly isFinite: boolean
  /** Whether every row of the last axis is a distribution, as attention is. */
  readonly rowsSumToOne: boolean
}

export interface TriedRun {
  readonly count: number
  readonly height: number
  readonly width: number
  readonly outputs: readonly TriedOutput[]
}

export interface OnnxTrial {
  /** One square picture. */
  readonly square: TriedRun
  /** One picture of the same height and twice the width, where the graph takes it. */
  readonly wide: TriedRun | undefined
  /** Two square pictures, where the graph takes them. */
  readonly pair: TriedRun | undefined
}

/** Runs a graph where it can do no harm. @throws EngineError MODEL_RESOURCE, MODEL_UNSUPPORTED */
export type TryOnnx = (request: OnnxTrialRequest, signal: AbortSignal) => Promise<OnnxTrial>

/** Square sizes that are tried where a file leaves them open, in pixels: what vision models are trained at. */
export const triedSizes = [224, 518, 384, 256, 512, 336, 448]

const largestSize = 4096

/**
 * Which input pictures go into.
 * @throws EngineError MODEL_UNSUPPORTED telling the inputs that there are, and the one that is missing
 */
export function pictureInput(path: string, { inputs }: OnnxOutline): PictureInput {
  const [input] = inputs
  const found = input === undefined || inputs.length !== 1 ? undefined : asPicture(input)
  if (found === undefined) {
    const there = inputs.length === 0 ? 'no input' : inputs.map(describeValue).join(', ')
    throw new EngineError('MODEL_UNSUPPORTED', `${path} is no model of pictures alone: it takes ${there}; what is needed is one input float32 [batch, 3, height, width] or [batch, height, width, 3]`, {
      detail: { path, found: inputs.map(describeValue), missing: ['float32 [batch, 3, height, width]'] },
    })
  }
  const { height, width, ...rest } = found
  if (rest.count !== undefined && rest.count !== 1)
    throw new EngineError('MODEL_UNSUPPORTED', `${path} takes ${rest.count} pictures at once, no more and no fewer; export it for one, or for any number`, { detail: { path } })
  if (height !== undefined && width !== undefined && height !== width)
    throw new EngineError('MODEL_UNSUPPORTED', `${path} takes pictures of ${height} × ${width} pixels alone; models are looked through whose pictures are square, or of any size`, { detail: { path } })
  const size = height ?? width
  if (size !== undefined && (size < 1 || size > largestSize))
    throw new EngineError('MODEL_UNSUPPORTED', `${path} takes pictures of ${size} pixels; at most ${largestSize} are supported`, { detail: { path } })
  return { ...rest, size }
}

/** `pixel_values: float32 [batch, 3, 224, 224]` */
export function describeValue({ name, dtype, shape }: OutlinedValue): string {
  return `${name}: ${dtype}${shape === undefined ? '' : ` [${shape.join(', ')}]`}`
}

function asPicture({ name, dtype, shape }: OutlinedValue): (Omit<PictureInput, 'size'> & { readonly height: number | undefined; readonly width: number | undefined }) | undefined {
  if (dtype !== 'float32' || shape?.length !== 4) return undefined
  const [batch, second, third, fourth] = shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : undefined))
  // Where the file leaves all of it open, channels come first, as PyTorch has them.
  if (second === 3 || (second === undefined && fourth !== 3)) return { name, channels: 'first', count: batch, height: third, width: fourth }
  return fourth === 3 ? { name, channels: 'last', count: batch, height: second, width: third } : undefined
}
