/** @file Single values of a recipe's YAML read and written in place, so that comments and everything else stay as they are. Pure. */
import { isCollection, isScalar, parseDocument, stringify, type Document } from 'yaml'

export type RecipeValue = string | number | boolean | null

/** Path of a key: `['run', 'batch']`. */
export type RecipePath = readonly string[]

const parse = (text: string): Document => parseDocument(text, { keepSourceTokens: false, logLevel: 'silent' })

/** The value at `path`; undefined where the key is absent, holds a list or map, or the text cannot be read. */
export function readRecipeValue(text: string, path: RecipePath): RecipeValue | undefined {
  const document = parse(text)
  if (document.errors.length > 0) return undefined
  const value: unknown = document.getIn(path)
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

const written = (value: RecipeValue): string => stringify(value, { lineWidth: 0 }).trimEnd()

/**
 * The text with `value` at `path`: where the key stands with a plain value only that value changes, else the key is
 * added. A text that cannot be read stays as it is.
 */
export function writeRecipeValue(text: string, path: RecipePath, value: RecipeValue): string {
  const document = parse(text)
  if (document.errors.length > 0) return text
  const node: unknown = document.getIn(path, true)
  if (isScalar(node) && node.range) {
    const [start, end] = node.range
    // An empty value (`steps:`) has no characters of its own and needs the space before it.
    const space = start === end && !/\s$/.test(text.slice(0, start)) ? ' ' : ''
    return text.slice(0, start) + space + written(value) + text.slice(end)
  }
  for (let depth = 1; depth < path.length; depth += 1) {
    const parent: unknown = document.getIn(path.slice(0, depth), true)
    if (parent !== undefined && !isCollection(parent)) document.deleteIn(path.slice(0, depth))
  }
  document.setIn(path, value)
  return document.toString({ lineWidth: 0 })
}

/** Every plain value by its dotted path; lists are written out in one line. Undefined where the text cannot be read. */
export function flattenRecipe(text: string): ReadonlyMap<string, string> | undefined {
  const document = parse(text)
  if (document.errors.length > 0) return undefined
  const flat = new Map<string, string>()
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, child] of Object.entries(value)) visit(child, path === '' ? key : `${path}.${key}`)
    } else if (path !== '') flat.set(path, typeof value === 'string' ? value : JSON.stringify(value))
  }
  visit(document.toJS(), '')
  return flat
}

export interface RecipeDifference {
  readonly path: string
  readonly a: string | undefined
  readonly b: string | undefined
}

/** The keys in which two recipes differ, in the order of the first and then of the second; undefined where one cannot be read. */
export function recipeDifferences(a: string, b: string): readonly RecipeDifference[] | undefined {
  const left = flattenRecipe(a)
  const right = flattenRecipe(b)
  if (left === undefined || right === undefined) return undefined
  const paths = [...new Set([...left.keys(), ...right.keys()])]
  return paths.map((path) => ({ path, a: left.get(path), b: right.get(path) })).filter((difference) => difference.a !== difference.b)
}

/** Where the 1-based `line` begins in `text`. */
export function offsetOfLine(text: string, line: number): number {
  let offset = 0
  for (let at = 1; at < line; at += 1) {
    const next = text.indexOf('\n', offset)
    if (next < 0) return text.length
    offset = next + 1
  }
  return offset
}
