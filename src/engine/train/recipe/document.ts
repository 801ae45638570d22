/** @file The YAML of a recipe as plain data, with the line of every key. */
import { isMap, isScalar, LineCounter, parseDocument, type Node, type Pair } from 'yaml'
import type { RecipeProblem } from '../../contract'
import { isPlainMap, type PlainMap } from './merge'

export type Path = readonly (string | number)[]

export interface RecipeDocument {
  readonly content: PlainMap
  /** 1-based line of the key, or of the nearest group around it that the file has; undefined where there is none. */
  readonly lineOf: (path: Path) => number | undefined
}

/** Longer than any recipe with all its comments, several times over. */
const maxCharacters = 262_144
/** What follows the first errors of a text that is not YAML is rarely worth reading. */
const maxErrors = 5
const emptyFile = 'the recipe is empty; write at least `preset: NAME` or `method: dino`'

/** Content and lines, or what keeps the text from being read at all. */
export function readDocument(text: string): RecipeDocument | readonly RecipeProblem[] {
  const problem = (message: string, line?: number): readonly RecipeProblem[] => [{ path: '', message, line }]
  if (text.length > maxCharacters) return problem(`the recipe has ${text.length} characters; at most ${maxCharacters} are read`)
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
    const [first] = document.errors
    if (first !== undefined)
      return document.errors.slice(0, maxErrors).map(({ message, pos: [start] }) => ({ path: '', message: `not valid YAML: ${message}`, line: lines.linePos(start).line }))
    const content: unknown = document.toJS({ maxAliasCount: 100 })
    if (content === null) return problem(emptyFile)
    if (!isPlainMap(content)) return problem('a recipe is a list of `key: value` lines', 1)
    return { content, lineOf: (path) => lineOf(document.contents, path, lines) }
  } catch (error) {
    // Aliases that multiply, or brackets nested thousands deep.
    return problem(`not valid YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function lineOf(root: Node | null, path: Path, lines: LineCounter): number | undefined {
  let node: unknown = root
  let line: number | undefined
  for (const key of path) {
    const pair: Pair | undefined = isMap(node) ? node.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
    if (pair === undefined) break
    const offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined
    line = offset === undefined ? line : lines.linePos(offset).line
    node = pair.value
  }
  return line
}
