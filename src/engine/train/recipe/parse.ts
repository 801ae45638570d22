/** @file From the text of a recipe to a whole, checked recipe, or to everything that is wrong with it. */
import { EngineError, isEngineError, type RecipeCheck, type RecipeProblem, type TrainMethod } from '../../contract'
import { recipeSummary } from './architecture'
import { methodDefaults } from './defaults'
import { readDocument, type Path, type RecipeDocument } from './document'
import { explainIssue, show } from './explain'
import { nearestName, unknownKeyHint } from './keys'
import { isPlainMap, mergeOver, own, settle, type PlainMap } from './merge'
import { presetInput, presetNames } from './presets'
import { brokenRules } from './rules'
import { recipeSchema, type Recipe, type RecipeInput, type RecipeOverrides } from './schema'
import { recipeYaml } from './write'

/** A problem before its line is looked up. */
interface Finding {
  readonly path: Path
  readonly message: string
}

const methods: readonly TrainMethod[] = ['dino', 'dinov2', 'distill']

/**
 * Reads a recipe: `preset: NAME` or `method: dino | dinov2 | distill`, and what it changes. A key set to null takes the method's own
 * default instead of the preset's. `overrides` are laid over the file, as from a command line.
 * @throws EngineError RECIPE with everything that is wrong in `detail.problems`
 */
export function parseRecipe(yaml: string, overrides: RecipeOverrides = {}): Recipe {
  const document = readDocument(yaml)
  if (!('content' in document)) throw recipeError(document)
  const overlays = [document.content, overrides as PlainMap]
  const begun = baseOf(document.content, overrides.method)
  if (Array.isArray(begun)) throw recipeError(located(begun as readonly Finding[], document))
  const { base, defaults } = begun as { readonly base: RecipeInput; readonly defaults: RecipeInput }
  const merged = overlays.reduce((below: unknown, overlay) => mergeOver(below, settle(withoutPreset(overlay)), defaults), base)
  const { recipe, findings } = checkMerged(merged, defaults)
  if (recipe === undefined) throw recipeError(located(findings, document))
  return recipe
}

/** {@link parseRecipe} as an answer instead of an error. */
export function checkRecipe(yaml: string): RecipeCheck {
  try {
    const recipe = parseRecipe(yaml)
    return { ok: true, summary: recipeSummary(recipe), resolved: recipeYaml(recipe) }
  } catch (error) {
    if (!isEngineError(error, 'RECIPE')) throw error
    return { ok: false, problems: error.detail?.['problems'] as readonly RecipeProblem[] }
  }
}

/** What the file builds upon. */
function baseOf(content: PlainMap, methodOverride: TrainMethod | undefined): readonly Finding[] | { readonly base: RecipeInput; readonly defaults: RecipeInput } {
  const preset = own(content, 'preset') ?? undefined
  const method = methodOverride ?? own(content, 'method') ?? undefined
  const known = methods.find((name) => name === method)
  if (preset === undefined) {
    if (method === undefined) return [{ path: [], message: `say what to build upon: \`preset: NAME\` (${presetNames.join(', ')}) or \`method: dino\`, \`dinov2\` or \`distill\`` }]
    // An unknown method is reported with everything else that is wrong.
    const defaults = methodDefaults(known ?? 'dino')
    return { base: defaults, defaults }
  }
  const name = typeof preset === 'string' ? preset : ''
  const base = presetInput(name)
  if (base === undefined) return [{ path: ['preset'], message: `there is no preset ${show(preset)}; did you mean ${nearestName(name, presetNames) ?? ''}? There are ${presetNames.join(', ')}` }]
  if (known !== undefined && known !== base.method)
    return [{ path: ['method'], message: `the preset ${name} is a recipe of ${base.method}; choose a preset of ${known}, or leave \`preset\` out` }]
  return { base, defaults: methodDefaults(base.method) }
}

function withoutPreset(overlay: PlainMap): PlainMap {
  return Object.fromEntries(Object.entries(overlay).filter(([key]) => key !== 'preset'))
}

/** The recipe, or all findings: of each key for itself, and of those rules whose keys are each for themselves in order. */
function checkMerged(merged: unknown, defaults: RecipeInput): { readonly recipe: Recipe | undefined; readonly findings: readonly Finding[] } {
  const parsed = recipeSchema.safeParse(merged)
  const findings = parsed.success ? [] : parsed.error.issues.flatMap((issue) => findingsOf(issue, merged))
  const sound = parsed.success ? parsed.data : recipeSchema.safeParse(repaired(merged, defaults)).data
  if (sound === undefined) return { recipe: undefined, findings }
  const wrong = findings.map(({ path }) => path.join('.'))
  const touches = (path: string): boolean => wrong.some((other) => path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`))
  const breaches = brokenRules(sound)
    .filter(({ path, besides }) => ![path, ...besides].some(touches))
    .map(({ path, message }) => ({ path: path.split('.'), message }))
  const all = [...findings, ...breaches]
  return { recipe: all.length === 0 ? sound : undefined, findings: all }
}

function findingsOf(issue: Parameters<typeof explainIssue>[0], merged: unknown): readonly Finding[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
  if (issue.code !== 'unrecognized_keys') return [{ path, message: explainIssue(issue, valueAt(merged, path)) }]
  return issue.keys.map((key) => ({ path: [...path, key], message: `there is no such key${unknownKeyHint([...path, key].join('.'))}` }))
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Readonly<Record<string | number, unknown>>)[key] : undefined), value)
}

/** `merged` with every key that is wrong for itself at its default, so that the rest can be checked too. */
function repaired(merged: unknown, defaults: unknown, path: Path = []): unknown {
  if (!isPlainMap(defaults)) return pathSchemaAccepts(path, merged) ? merged : defaults
  if (!isPlainMap(merged)) return defaults
  return Object.fromEntries(Object.entries(defaults).map(([key, fallback]) => [key, repaired(own(merged, key), fallback, [...path, key])]))
}

/** Whether `value` alone is right at `path`: it is put into the defaults, where all else is. */
function pathSchemaAccepts(path: Path, value: unknown): boolean {
  const only = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
  return recipeSchema.safeParse(mergeOver(methodDefaults('dino'), only, {})).success
}

/** With lines, in the order of the file, and one per path and message. */
function located(findings: readonly Finding[], document: RecipeDocument): readonly RecipeProblem[] {
  const problems = findings.map(({ path, message }) => ({ path: dotted(path), message, line: document.lineOf(path) }))
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** `crops.global_crops_scale`: places within a pair are named by their key alone. */
function dotted(path: Path): string {
  return path.filter((key) => typeof key === 'string').join('.')
}

function recipeError(problems: readonly RecipeProblem[]): EngineError {
  const [first, ...others] = problems
  const where = first === undefined ? '' : `${first.line === undefined ? '' : `line ${first.line}: `}${first.path === '' ? '' : `${first.path}: `}${first.message}`
  return new EngineError('RECIPE', `the recipe is not understood: ${where}${others.length === 0 ? '' : ` (and ${others.length} more)`}`, { detail: { problems } })
}
