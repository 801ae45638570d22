/** @file Undoing NumPy broadcasting: the one place where a gradient is summed back to the shape its input had. */
import { formatDims, type Value } from '../graph'
import { reshape, sum } from '../ops'

/** Sums `gradient` over the axes along which a value of `like`'s shape was repeated. */
export function unbroadcast(gradient: Value, like: Value): Value {
  if (formatDims(gradient.shape) === formatDims(like.shape)) return gradient
  const added = gradient.shape.length - like.shape.length
  let reduced = gradient
  // From the front, leading axes that the input did not have go first, always at place 0.
  for (let axis = 0; axis < added; axis++) reduced = sum(reduced, 0)
  like.shape.forEach((dim, axis) => {
    if (dim === 1 && reduced.shape[axis] !== 1) reduced = sum(reduced, axis, true)
  })
  return formatDims(reduced.shape) === formatDims(like.shape) ? reduced : reshape(reduced, like.shape, like)
}
