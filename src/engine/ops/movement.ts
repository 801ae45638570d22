/** @file Operations that move elements without computing: shapes, axes, slices, lookups. */
import { divideDims, formatDims, integers, multiplyDims, normalizeAxis, scalar, sumDims, type Dim, type SymbolicShape, type Value } from '../graph'
import { applyRule, applySingle, formatType, gradientOf, graphError, inputAt, int, ints, notDifferentiable, operand, string, type OpRule } from './rule'

interface ToShape {
  readonly shape: SymbolicShape
}

/** Inputs: data, int64 shape vector. */
export const reshapeRule: OpRule<ToShape> = {
  name: 'reshape',
  infer: (inputs, { shape }) => {
    const x = operand('reshape', inputs, 0)
    if (divideDims(x.shape, shape) !== 1) throw graphError('reshape', `${formatType(x)} has not the size of ${formatDims(shape)}`)
    return [{ dtype: x.dtype, shape }]
  },
  emit: () => ({ opType: 'Reshape' }),
  gradient: gradientOf((upstream, inputs) => {
    const x = inputAt(inputs, 0)
    return [reshape(upstream, x.shape, x), undefined]
  }),
}

/** Inputs: data, int64 shape vector. */
export const expandRule: OpRule<ToShape> = {
  name: 'expand',
  infer: (inputs, { shape }) => {
    const x = operand('expand', inputs, 0)
    const fits = x.shape.length === shape.length && x.shape.every((dim, axis) => dim === 1 || dim === shape[axis])
    if (!fits) throw graphError('expand', `${formatType(x)} does not broadcast to ${formatDims(shape)}`)
    return [{ dtype: x.dtype, shape }]
  },
  emit: () => ({ opType: 'Expand' }),
  // What was repeated is summed where the sweep undoes broadcasting.
  gradient: gradientOf((upstream) => [upstream, undefined]),
}

export const transposeRule: OpRule<{ readonly permutation: readonly number[] }> = {
  name: 'transpose',
  infer: (inputs, { permutation }) => {
    const x = operand('transpose', inputs, 0)
    const isPermutation = permutation.length === x.shape.length && [...permutation].sort((a, b) => a - b).every((axis, index) => axis === index)
    if (!isPermutation) throw graphError('transpose', `${formatDims(permutation)} does not permute the axes of ${formatType(x)}`)
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] ?? 0) }]
  },
  emit: ({ permutation }) => ({ opType: 'Transpose', attributes: { perm: ints(permutation) } }),
  gradient: gradientOf((upstream, _inputs, _output, { permutation }) => [transpose(upstream, permutation.map((_, axis) => permutation.indexOf(axis)))]),
}

export const concatRule: OpRule<{ readonly axis: number }> = {
  name: 'concat',
  infer: (inputs, { axis }) => {
    const first = operand('concat', inputs, 0)
    const along = normalizeAxis('concat', axis, first.shape)
    for (const other of inputs) {
      const fits = other.dtype === first.dtype && other.shape.length === first.shape.length && other.shape.every((dim, index) => index === along || dim === first.shape[index])
      if (!fits) throw graphError('concat', `${formatType(other)} does not continue ${formatType(first)} along axis ${along}`)
    }
    const size = sumDims(inputs.map((type) => type.shape[along] ?? 0))
    return [{ dtype: first.dtype, shape: first.shape.map((dim, index) => (index === along ? size : dim)) }]
  },
  emit: ({ axis }) => ({ opType: 'Concat', attributes: { axis: int(axis) } }),
  gradient: gradientOf((upstream, inputs, _output, { axis }) => {
    const along = normalizeAxis('concat', axis, upstream.shape)
    let start = 0
    return inputs.map((part) => {
      const size = fixedSize('concat', part, along)
      start += size
      return slice(upstream, along, start - size, size)
    })
  }),
}

interface SliceParameters {
  readonly axis: number
  readonly start: number
  /** The size of the result along the axis, which the rule cannot know for a run-time size. */
  readonly size: Dim
}

/** Inputs: data, starts, ends, axes. */
export const sliceRule: OpRule<SliceParameters> = {
  name: 'slice',
  infer: (inputs, { axis, start, size }) => {
    const x = operand('slice', inputs, 0)
    const along = normalizeAxis('slice', axis, x.shape)
    const whole = x.shape[along] ?? 0
    if (typeof whole === 'number' && typeof size === 'number' && (start < 0 || start + size > whole))
      throw graphError('slice', `elements ${start} to ${start + size} lie outside axis ${along} of ${formatType(x)}`)
    return [{ dtype: x.dtype, shape: x.shape.map((dim, index) => (index === along ? size : dim)) }]
  },
  emit: () => ({ opType: 'Slice' }),
  gradient: gradientOf((upstream, inputs, _output, { axis, start, size }) => {
    const x = inputAt(inputs, 0)
    const along = normalizeAxis('slice', axis, x.shape)
    const whole = x.shape[along]
    if (typeof whole !== 'number' || typeof size !== 'number') throw graphError('slice', `the gradient along the run-time axis ${along} of ${formatType(x)} is not built`)
    return [pad(upstream, along, start, whole - start - size), undefined, undefined, undefined]
  }),
}

interface SplitParameters {
  readonly axis: number
  readonly sizes: readonly number[]
}

/** Inputs: data, int64 sizes. */
export const splitRule: OpRule<SplitParameters> = {
  name: 'split',
  infer: (inputs, { axis, sizes }) => {
    const x = operand('split', inputs, 0)
    const along = normalizeAxis('split', axis, x.shape)
    if (sumDims(sizes) !== x.shape[along]) throw graphError('split', `axis ${along} of ${formatType(x)} does not fall into parts of ${sizes.join(', ')}`)
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, index) => (index === along ? size : dim)) }))
  },
  emit: ({ axis }) => ({ opType: 'Split', attributes: { axis: int(axis) } }),
  gradient: ({ outputs, upstream, parameters: { axis } }) => [concat(outputs.map((output, part) => upstream[part] ?? zerosLike(output)), axis), undefined],
}

/** Inputs: data, indices. */
export const gatherRule: OpRule<{ readonly axis: number }> = {
  name: 'gather',
  infer: (inputs, { axis }) => {
    const x = operand('gather', inputs, 0)
    const indices = operand('gather', inputs, 1)
    if (indices.dtype !== 'int64') throw graphError('gather', `indices are ${formatType(indices)}, not int64`)
    const along = normalizeAxis('gather', axis, x.shape)
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)] }]
  },
  emit: ({ axis }) => ({ opType: 'Gather', attributes: { axis: int(axis) } }),
  gradient: gradientOf((upstream, inputs, _output, { axis }) => {
    const x = inputAt(inputs, 0)
    const indices = inputAt(inputs, 1)
    if (normalizeAxis('gather', axis, x.shape) !== 0 || indices.shape.length !== 1) throw graphError('gather', 'only the gradient of rows of the first axis, by a vector of indices, is built')
    return [scatterAdd(zerosLike(x), indices, upstream), undefined]
  }),
}

/** Inputs: data, int64 pads. */
export const padRule: OpRule<{ readonly axis: number; readonly before: number; readonly after: number }> = {
  name: 'pad',
  infer: (inputs, { axis, before, after }) => {
    const x = operand('pad', inputs, 0)
    const along = normalizeAxis('pad', axis, x.shape)
    if (before < 0 || after < 0) throw graphError('pad', `${before} and ${after} elements cannot be added`)
    return [{ dtype: x.dtype, shape: x.shape.map((dim, index) => (index === along ? sumDims([dim, before + after]) : dim)) }]
  },
  emit: () => ({ opType: 'Pad' }),
  gradient: gradientOf((upstream, inputs, _output, { axis, before }) => {
    const x = inputAt(inputs, 0)
    return [slice(upstream, axis, before, fixedSize('pad', x, normalizeAxis('pad', axis, x.shape))), undefined]
  }),
}

/** Inputs: data `[rows, …]`, int64 indices `[count, 1]`, updates `[count, …]`. */
export const scatterAddRule: OpRule = {
  name: 'scatterAdd',
  infer: (inputs) => {
    const x = operand('scatterAdd', inputs, 0)
    const indices = operand('scatterAdd', inputs, 1)
    const updates = operand('scatterAdd', inputs, 2)
    const fits = indices.dtype === 'int64' && indices.shape.length === 2 && indices.shape[1] === 1 && formatDims(updates.shape) === formatDims([indices.shape[0] ?? 0, ...x.shape.slice(1)])
    if (!fits) throw graphError('scatterAdd', `updates ${formatType(updates)} at ${formatType(indices)} do not fit rows of ${formatType(x)}`)
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  emit: () => ({ opType: 'ScatterND', attributes: { reduction: string('add') } }),
  gradient: gradientOf((upstream, inputs) => {
    const indices = inputAt(inputs, 1)
    return [upstream, undefined, gather(upstream, reshape(indices, [indices.shape[0] ?? 0], indices), 0)]
  }),
}

/** One axis of a value's shape, as int64 `[1]`. */
export const sizeOfRule: OpRule<{ readonly axis: number }> = {
  name: 'sizeOf',
  infer: (inputs, { axis }) => {
    normalizeAxis('sizeOf', axis, operand('sizeOf', inputs, 0).shape)
    return [{ dtype: 'int64', shape: [1] }]
  },
  emit: ({ axis }) => ({ opType: 'Shape', attributes: { start: int(axis), end: int(axis + 1) } }),
  gradient: notDifferentiable('a size is a whole number'),
}

/** The size of an axis where a gradient needs it as a number. */
function fixedSize(operation: string, x: Value, axis: number): number {
  const size = x.shape[axis]
  if (typeof size !== 'number') throw graphError(operation, `the gradient along the run-time axis ${axis} of ${formatType(x)} is not built`)
  return size
}

/** A run-time shape vector. Sizes known only by name are read off `like`, which must have an axis of that name. */
function shapeVector(operation: string, shape: SymbolicShape, like: Value | undefined): Value {
  if (shape.every((dim) => typeof dim === 'number')) return integers(shape)
  if (shape.filter((dim) => typeof dim === 'string').length === 1 && operation === 'reshape')
    return integers(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)))
  const parts = shape.map((dim) => {
    if (typeof dim === 'number') return integers([dim])
    const axis = like?.shape.indexOf(dim) ?? -1
    if (like === undefined || axis < 0) throw graphError(operation, `the size ${dim} in ${formatDims(shape)} cannot be read off any given value`)
    return applySingle(sizeOfRule, [like], { axis })
  })
  return concat(parts, 0)
}

/**
 * The same elements under another shape. A single `-1` is worked out; where more than one size is known only at run
 * time, the others are read off `like`.
 */
export function reshape(x: Value, shape: SymbolicShape, like?: Value): Value {
  const known = shape.filter((dim) => dim !== -1)
  const rest = divideDims(x.shape, known)
  if (rest === undefined) throw graphError('reshape', `${formatType(x)} cannot take the shape ${formatDims(shape)}`)
  const target = shape.map((dim) => (dim === -1 ? rest : dim))
  return applySingle(reshapeRule, [x, shapeVector('reshape', target, like)], { shape: target })
}

/** Repeats axes of size 1 to `shape`; run-time sizes are read off `like`. */
export function expand(x: Value, shape: SymbolicShape, like?: Value): Value {
  return applySingle(expandRule, [x, shapeVector('expand', shape, like)], { shape })
}

/** Axis `i` of the result is axis `permutation[i]` of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  return applySingle(transposeRule, [x], { permutation })
}

/** Joins values along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  return applySingle(concatRule, values, { axis })
}

/** `size` elements from `start` along an axis. */
export function slice(x: Value, axis: number, start: number, size: number): Value {
  return applySingle(sliceRule, [x, integers([start]), integers([start + size]), integers([axis])], { axis, start, size })
}

/** All elements from `start` along an axis whose remaining size is `size` (a name where it is known at run time only). */
export function sliceToEnd(x: Value, axis: number, start: number, size: Dim): Value {
  return applySingle(sliceRule, [x, integers([start]), integers([Number.MAX_SAFE_INTEGER]), integers([axis])], { axis, start, size })
}

/** Equal parts along an axis. */
export function split(x: Value, axis: number, parts: number): readonly Value[] {
  const size = x.shape[normalizeAxis('split', axis, x.shape)]
  if (typeof size !== 'number' || size % parts !== 0) throw graphError('split', `axis ${axis} of ${formatType(x)} does not fall into ${parts} equal parts`)
  return splitSizes(x, axis, new Array<number>(parts).fill(size / parts))
}

/** Parts of the given sizes along an axis. */
export function splitSizes(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return sizes.length === 1 && sizes[0] === x.shape[normalizeAxis('split', axis, x.shape)] ? [x] : applyRule(splitRule, [x, integers(sizes)], { axis, sizes })
}

/** Zeros before and after along an axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  const along = normalizeAxis('pad', axis, x.shape)
  const amounts = [before, after].flatMap((amount) => x.shape.map((_, index) => (index === along ? amount : 0)))
  return applySingle(padRule, [x, integers(amounts)], { axis: along, before, after })
}

/** Float32 zeros of a value's shape. */
export function zerosLike(x: Value): Value {
  return expand(reshape(scalar(0), x.shape.map(() => 1)), x.shape, x)
}

/**
 * x with `updates` `[count, …]` added to the rows named by int64 `indices` `[count]`; a row named twice gets both, but on
 * one thread alone: ONNX Runtime divides large updates among threads that then add to the same row at once. What is
 * built here must name each row once, or be small (under 200 000 numbers). The same holds for the gradient of `gather`.
 * Source: onnxruntime/core/providers/cpu/tensor/scatter_nd.cc (TryParallelFor over updates, no atomics).
 */
export function scatterAdd(x: Value, indices: Value, updates: Value): Value {
  return applySingle(scatterAddRule, [x, reshape(indices, [indices.shape[0] ?? 0, 1], indices), updates], undefined)
}

/** Rows of an axis by int64 index. Its gradient wants each row named once; see {@link scatterAdd}. */
export function gather(x: Value, indices: Value, axis: number): Value {
  return applySingle(gatherRule, [x, indices], { axis })
}

/** x `[…, a, b]` as `[…·a, b]`: the rows that matrix products work on. */
export function flattenRows(x: Value): Value {
  return reshape(x, [multiplyDims(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1])
}
