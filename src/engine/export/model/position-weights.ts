/** @file The interpolation of position embeddings worked out inside a graph, for pictures of any size. */
import { constant, integers, scalar, type Dim, type Value } from '../../graph'
import type { PositionInterpolation } from '../../nn'
import { add, cast, clip, divide, matMul, multiply, negate, range, reshape, subtract, sum } from '../../ops'

/** A size: its value as int64 `[1]`, and the number or the name that shapes know it by. */
export interface RuntimeSize {
  readonly value: Value
  readonly dim: Dim
}

export interface RuntimeGrid {
  readonly height: RuntimeSize
  readonly width: RuntimeSize
}

/** Samples beyond each edge that four taps can reach. */
const margin = 2

/**
 * What `positionWeights` of nn computes for one size, `[h, M]` and `[w, M]`, as a function of the sizes. ONNX's own Resize
 * is not used: it takes neither the reference's scale of (h + 0.1) / M with an output of h, nor torch's antialiasing.
 * float32 throughout, which is within 1e-5 of the float64 of nn.
 */
export function positionWeightValues(positionGrid: number, { height, width }: RuntimeGrid, { antialias, offset }: PositionInterpolation): { readonly rows: Value; readonly columns: Value } {
  if (antialias) return { rows: antialiased(positionGrid, height), columns: antialiased(positionGrid, width) }
  // The learned grid is taken as it is; with an offset of nothing, the kernel's weights are exactly 0 and 1.
  const added = offset === 0 ? scalar(0) : multiply(scalar(offset), isOther(positionGrid, height.value, width.value))
  return { rows: fourTaps(positionGrid, height, added), columns: fourTaps(positionGrid, width, added) }
}

/** 1 where the grid is not the learned one, else 0; float32 `[1]`. */
function isOther(positionGrid: number, height: Value, width: Value): Value {
  const [down, across] = [height, width].map((size) => subtract(size, integers([positionGrid])))
  if (down === undefined || across === undefined) throw new RangeError('a grid has two sizes')
  return cast(cast(add(multiply(down, down), multiply(across, across)), 'bool'), 'float32')
}

/** i + ½ for every row i of the target, float32 `[size, 1]`. */
function centres({ value, dim }: RuntimeSize): Value {
  return reshape(add(cast(range(value, dim), 'float32'), scalar(0.5)), [dim, 1])
}

/** float32 `[length]`: `first`, `first` + 1, … */
function steps(first: number, length: number): Value {
  return constant({ dtype: 'float32', shape: [length], data: Float32Array.from({ length }, (_, index) => first + index) })
}

/** Keys' kernel with a = -0.75. Taps beyond the edges fall on the samples at the edges. */
function fourTaps(source: number, target: RuntimeSize, added: Value): Value {
  const taps = source + 2 * margin
  const position = subtract(divide(multiply(centres(target), scalar(source)), add(cast(target.value, 'float32'), added)), scalar(0.5))
  return matMul(cubic(subtract(position, steps(-margin, taps)), -0.75), clampedTaps(source, taps))
}

/** Which sample each tap reads, as a matrix of 0 and 1, `[taps, source]`. */
function clampedTaps(source: number, taps: number): Value {
  const data = new Float32Array(taps * source)
  for (let tap = 0; tap < taps; tap++) data[tap * source + Math.min(Math.max(tap - margin, 0), source - 1)] = 1
  return constant({ dtype: 'float32', shape: [taps, source], data })
}

/** The kernel with a = -0.5, widened where the target is smaller, each row normalised. Its support ends where it is 0. */
function antialiased(source: number, target: RuntimeSize): Value {
  const scale = divide(scalar(source), cast(target.value, 'float32'))
  const distance = divide(subtract(steps(0.5, source), multiply(centres(target), scale)), clip(scale, 1, Number.MAX_SAFE_INTEGER))
  const weights = cubic(distance, -0.5)
  return divide(weights, sum(weights, -1, true))
}

/**
 * Keys' cubic convolution kernel. Its two pieces are 0 where they meet, so that clipping stands for choosing:
 * (1 - u)(1 + u - (a + 2)u²) with u = min(|x|, 1), and a(v - 1)(v - 2)² with v = |x| clipped to 1..2.
 */
function cubic(x: Value, a: number): Value {
  const distance = add(clip(x, 0, 2), clip(negate(x), 0, 2))
  const u = clip(distance, 0, 1)
  const v = clip(distance, 1, 2)
  const inner = multiply(subtract(scalar(1), u), subtract(add(scalar(1), u), multiply(scalar(a + 2), multiply(u, u))))
  const rest = subtract(v, scalar(2))
  const outer = multiply(multiply(scalar(a), subtract(v, scalar(1))), multiply(rest, rest))
  return add(inner, outer)
}
