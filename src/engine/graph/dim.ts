/** @file Sizes that may be known only at run time: numbers, and names with just enough algebra to check shapes by. */
import { EngineError } from '../contract'

/** A number, or the canonical text of an expression such as `batch`, `h*w` or `h*w+5`. */
export type Dim = number | string
export type SymbolicShape = readonly Dim[]

/** `[batch, h*w, 384]` in messages. */
export function formatDims(shape: SymbolicShape): string {
  return `[${shape.join(', ')}]`
}

/** The sum as one Dim; numbers are added up and put last, names sorted. */
export function sumDims(dims: SymbolicShape): Dim {
  const terms = dims.flatMap((dim) => (typeof dim === 'number' ? [dim] : splitOutside(dim, '+').map((term) => (/^\d+$/.test(term) ? Number(term) : term))))
  const constant = terms.reduce<number>((sum, term) => (typeof term === 'number' ? sum + term : sum), 0)
  const names = terms.filter((term): term is string => typeof term === 'string').sort()
  if (names.length === 0) return constant
  return [...names, ...(constant === 0 ? [] : [String(constant)])].join('+')
}

interface Factors {
  readonly constant: number
  /** Sorted. A sum stays one factor, in parentheses. */
  readonly names: readonly string[]
}

/** The parts of an expression between `operator` signs that stand outside parentheses. */
function splitOutside(expression: string, operator: '+' | '*'): string[] {
  let depth = 0
  const parts = ['']
  for (const character of expression) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === operator && depth === 0) parts.push('')
    else parts.push(`${parts.pop() ?? ''}${character}`)
  }
  return parts
}

function factorsOf(dims: SymbolicShape): Factors {
  let constant = 1
  const names: string[] = []
  for (const factor of dims.flatMap((dim) => (typeof dim === 'string' && splitOutside(dim, '+').length === 1 ? splitOutside(dim, '*') : [dim]))) {
    if (typeof factor === 'number' || /^\d+$/.test(factor)) constant *= Number(factor)
    else names.push(splitOutside(factor, '+').length > 1 ? `(${factor})` : factor)
  }
  return { constant, names: names.sort() }
}

function fromFactors({ constant, names }: Factors): Dim {
  if (names.length === 0 || constant === 0) return constant
  if (constant === 1 && names.length === 1) return (names[0] ?? '').replace(/^\((.*)\)$/, '$1')
  return [...(constant === 1 ? [] : [String(constant)]), ...names].join('*')
}

/** The product as one Dim. */
export function multiplyDims(dims: SymbolicShape): Dim {
  return fromFactors(factorsOf(dims))
}

/** What `whole` has to be divided into besides `parts`, or undefined where it does not divide exactly. */
export function divideDims(whole: SymbolicShape, parts: SymbolicShape): Dim | undefined {
  const numerator = factorsOf(whole)
  const denominator = factorsOf(parts)
  const names = [...numerator.names]
  for (const name of denominator.names) {
    const index = names.indexOf(name)
    if (index < 0) return undefined
    names.splice(index, 1)
  }
  const constant = numerator.constant / denominator.constant
  return Number.isInteger(constant) ? fromFactors({ constant, names }) : undefined
}

/**
 * NumPy broadcasting of two shapes.
 * @throws EngineError GRAPH naming `operation` and both shapes
 */
export function broadcastShapes(operation: string, left: SymbolicShape, right: SymbolicShape): Dim[] {
  const rank = Math.max(left.length, right.length)
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[axis - (rank - left.length)] ?? 1
    const b = right[axis - (rank - right.length)] ?? 1
    if (a === b || b === 1) return a
    if (a === 1) return b
    throw new EngineError('GRAPH', `${operation}: shapes ${formatDims(left)} and ${formatDims(right)} do not broadcast`)
  })
}

/**
 * A non-negative axis.
 * @throws EngineError GRAPH when it lies outside the shape
 */
export function normalizeAxis(operation: string, axis: number, shape: SymbolicShape): number {
  const normalized = axis < 0 ? axis + shape.length : axis
  if (normalized < 0 || normalized >= shape.length) throw new EngineError('GRAPH', `${operation}: axis ${axis} is outside shape ${formatDims(shape)}`)
  return normalized
}
