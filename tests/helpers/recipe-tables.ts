/** @file The tables of docs/recipes.md, made of what the program knows about its own keys. */
import { methodDefaults } from '../../src/engine/train/recipe/defaults'
import { keyPaths } from '../../src/engine/train/recipe/keys'
import { keyNotes, unsupportedKeys } from '../../src/engine/train/recipe/notes'
import { recipeSchema, type Recipe } from '../../src/engine/train/recipe/schema'

/** The value at a dotted path. */
export function valueAt(recipe: Recipe, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>>)[key], recipe)
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const code = (text: string | undefined): string => (text === undefined ? '–' : `\`${cell(text)}\``)
const written = (value: unknown): string => (Array.isArray(value) ? `[${value.join(', ')}]` : typeof value === 'number' && value > 0 && value < 1e-3 ? value.toExponential() : String(value))

/** One row per key: key, meaning, the default of each method, both names elsewhere. */
export function keyTable(): readonly string[] {
  const recipes = (['dino', 'dinov2', 'distill'] as const).map((method) => recipeSchema.parse(methodDefaults(method)))
  return [
    '| Key | Meaning | Default of `dino` | Default of `dinov2` | Default of `distill` | DINO | DINOv2 |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...keyPaths.map((path) => {
      const note = keyNotes[path]
      return `| \`${path}\` | ${cell(note?.note ?? '')} | ${recipes.map((recipe) => code(written(valueAt(recipe, path)))).join(' | ')} | ${code(note?.dino)} | ${code(note?.dinov2)} |`
    }),
  ]
}

export function unsupportedTable(): readonly string[] {
  return ['| Key of a reference | Why it is not here |', '| --- | --- |', ...unsupportedKeys.map(({ names, why }) => `| ${names.map((name) => code(name)).join(', ')} | ${why} |`)]
}
