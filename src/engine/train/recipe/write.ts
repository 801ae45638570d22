/** @file A recipe as a file: every key, in groups, each with a short comment. */
import { stringify } from 'yaml'
import { isPlainMap } from './merge'
import { keyNotes } from './notes'
import type { Recipe } from './schema'

const commentColumn = 38

/** YAML of the whole recipe; reading it gives the same recipe again. */
export function recipeYaml(recipe: Recipe): string {
  return `${Object.entries(recipe)
    .flatMap(([key, value]) => (isPlainMap(value) ? ['', ...linesOf(key, value, key, '')] : linesOf(key, value, key, '')))
    .join('\n')}\n`
}

function linesOf(key: string, value: unknown, path: string, indent: string): readonly string[] {
  if (isPlainMap(value)) return [`${indent}${key}:`, ...Object.entries(value).flatMap(([inner, item]) => linesOf(inner, item, `${path}.${inner}`, `${indent}  `))]
  const note = keyNotes[path]?.note
  const line = `${indent}${key}: ${scalar(value)}`
  return [note === undefined ? line : `${line.padEnd(commentColumn)} # ${note}`]
}

/** Values of a recipe are numbers, words and pairs; the name of a model is quoted where YAML would read it otherwise. */
function scalar(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(', ')}]`
  if (typeof value === 'string') return stringify(value, { lineWidth: 0 }).trimEnd()
  return typeof value === 'number' && value > 0 && value < 1e-3 ? value.toExponential() : String(value)
}
