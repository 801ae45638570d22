/** @file Undoing NumPy broadcasting: the one place where a gradient is summed back to the shape its input had. */
import { constant, formatDims, type Value } from '../graph'
import { matMul, reshape, sum } from '../ops'

/** Sums `gradient` over the axes along which a value of `like`'s shape was repeated. */
export function unbroadcast(gradient: Value, like: Value): Value {
  if (formatDims(gradient.shape) === formatDims(like.shape)) return gradient
  const added = gradient.shape.length - like.shape.length
  let reduced = gradient
  // From the front, leading axes that the input did not have go first, always at place 0.
  for (let axis = 0; axis < added; axis++) reduced = sumOfFirst(reduced)
  like.shape.forEach((dim, axis) => {
    if (dim === 1 && reduced.shape[axis] !== 1) reduced = sum(reduced, axis, true)
  })
  return formatDims(reduced.shape) === formatDims(like.shape) ? reduced : reshape(reduced, like.shape, like)
}

/** The sum along axis 0. That of a matrix, as of a bias's gradient over all rows, is a product with ones, which ONNX Runtime does in half the time. */
function sumOfFirst(x: Value): Value {
  const [rows, columns = 0] = x.shape
  if (x.shape.length !== 2 || typeof rows !== 'number') return sum(x, 0)
  return reshape(matMul(onesRow(rows), x), [columns], x)
}

/** Ones `[1, count]`. */
function onesRow(count: number): Value {
  return constant({ dtype: 'float32', shape: [1, count], data: new Float32Array(count).fill(1) })
}
