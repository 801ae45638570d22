/** @file From what a trial showed to how outputs can be read: where tokens lie, how many precede the patches, how large a patch is. Pure. */
import { EngineError, type OnnxChoice, type OnnxForm, type OnnxMapping } from '../../contract'
import type { Normalisation } from './normalisation'
import type { OnnxConfig } from './onnx-config'
import type { OnnxTrial, PictureInput, TriedOutput, TriedRun } from './trial'

/** More tokens than this before the patches are no CLS and registers. */
const mostLeading = 64
const smallestPatch = 2

/** Patches along an edge of the square picture. */
interface TokenLayout {
  readonly leadingTokens: number
  readonly edge: number
}

/** Outputs that can be looked through, in the order of the trial. */
export function choicesOf({ square, wide }: OnnxTrial): OnnxChoice[] {
  return square.outputs.flatMap((output) => {
    const choice = output.dtype === 'float32' && output.isFinite ? choiceOf(output, square, wide) : undefined
    if (choice === undefined) return []
    const attention = attentionOf(square, choice)
    return [{ ...choice, blocks: attention.names.length, heads: attention.heads }]
  })
}

type BareChoice = Omit<OnnxChoice, 'blocks' | 'heads'>

function choiceOf(output: TriedOutput, square: TriedRun, wide: TriedRun | undefined): BareChoice | undefined {
  const { name, shape } = output
  const [, second = 0, third = 0, fourth = 0] = shape
  const stretched = wide?.outputs.find((other) => other.name === name)?.shape
  const length = shape.slice(1).reduce((product, dim) => product * dim, 1)
  // [1, width], and [1, width, 1, 1] as pooling leaves it, which no larger picture makes longer.
  if (shape.slice(1).filter((dim) => dim !== 1).length === 1 && (stretched === undefined || stretched.join() === shape.join())) return { output: name, form: 'vector', dim: length, leadingTokens: 0, patchSize: square.width }
  if (shape.length === 3) {
    const layout = tokenLayout(square, second, stretched?.[1])
    return layout && { output: name, form: 'tokens', dim: third, leadingTokens: layout.leadingTokens, patchSize: square.width / layout.edge }
  }
  if (shape.length !== 4) return undefined
  // A square matrix of tokens by tokens is attention, whatever its size divides.
  if (output.rowsSumToOne) return undefined
  const map = (form: OnnxForm, rows: number, columns: number, dim: number, wideRows: number | undefined, wideColumns: number | undefined): BareChoice | undefined =>
    rows === columns && isEdge(square.width, rows) && (stretched === undefined || (wideRows === rows && wideColumns === 2 * columns)) ? { output: name, form, dim, leadingTokens: 0, patchSize: square.width / rows } : undefined
  return map('map', third, fourth, second, stretched?.[2], stretched?.[3]) ?? map('map-last', second, third, fourth, stretched?.[1], stretched?.[2])
}

/** Whether a picture of so many pixels may have so many patches along its edge. */
function isEdge(size: number, edge: number): boolean {
  return Number.isInteger(edge) && edge >= 1 && size % edge === 0 && size / edge >= smallestPatch
}

/**
 * How tokens divide into leading ones and a square of patches. The wide picture has twice the patches and the same leading
 * tokens, which tells both; of one picture alone, the fewest leading tokens that leave a square.
 */
function tokenLayout({ width: size }: TriedRun, tokens: number, wideTokens: number | undefined): TokenLayout | undefined {
  if (wideTokens !== undefined) {
    const patches = wideTokens - tokens
    return layoutWith(size, tokens, tokens - patches)
  }
  for (let leading = 0; leading <= Math.min(mostLeading, tokens - 1); leading++) {
    const layout = layoutWith(size, tokens, leading)
    if (layout !== undefined) return layout
  }
  return undefined
}

function layoutWith(size: number, tokens: number, leadingTokens: number): TokenLayout | undefined {
  const edge = Math.sqrt(tokens - leadingTokens)
  return leadingTokens >= 0 && leadingTokens <= mostLeading && isEdge(size, edge) ? { leadingTokens, edge } : undefined
}

/** Outputs that are attention among the tokens of a choice: `[1, heads, tokens, tokens]`, all with as many heads as the first. */
function attentionOf(square: TriedRun, { form, leadingTokens, patchSize }: BareChoice): { readonly names: readonly string[]; readonly heads: number } {
  if (form !== 'tokens' || leadingTokens < 1) return { names: [], heads: 0 }
  const tokens = leadingTokens + (square.width / patchSize) ** 2
  const found = square.outputs.filter(({ dtype, shape, rowsSumToOne }) => dtype === 'float32' && rowsSumToOne && shape.length === 4 && shape[2] === tokens && shape[3] === tokens)
  const heads = found[0]?.shape[1] ?? 0
  return { names: found.filter(({ shape }) => shape[1] === heads).map(({ name }) => name), heads }
}

/**
 * {@link proposeMapping} with what somebody wants otherwise.
 * @param wishes an output that there is not is left to {@link configOf} to refuse
 */
export function completeMapping(choices: readonly OnnxChoice[], trial: OnnxTrial, normalisation: Normalisation, wishes: Partial<OnnxMapping>): OnnxMapping {
  const wanted = wishes.output === undefined ? choices : choices.filter(({ output }) => output === wishes.output)
  return { ...proposeMapping(wanted.length === 0 ? choices : wanted, trial, normalisation), ...Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) }
}

/** The last hidden state before other tokens, tokens with CLS before tokens without, maps before vectors; the size that was tried. */
export function proposeMapping(choices: readonly OnnxChoice[], { square }: OnnxTrial, { mean, std }: Normalisation): OnnxMapping {
  const tokens = choices.filter(({ form }) => form === 'tokens')
  const chosen =
    tokens.find(({ output }) => /last_hidden_state|x_norm/.test(output)) ??
    tokens.findLast(({ leadingTokens }) => leadingTokens > 0) ??
    tokens.at(-1) ??
    choices.findLast(({ form }) => form !== 'vector') ??
    choices[0]
  if (chosen === undefined) throw new EngineError('INTERNAL', 'proposeMapping: there is no output to choose')
  return { output: chosen.output, leadingTokens: chosen.leadingTokens, mean, std, size: square.width }
}

/** Edge of the one square size that a trial allows, pixels. */
export function onlySizeOf({ square, wide }: OnnxTrial): number | undefined {
  return wide === undefined ? square.width : undefined
}

/**
 * A graph's configuration as somebody wants it read.
 * @throws EngineError BAD_REQUEST where the trial contradicts the mapping
 */
export function configOf(path: string, input: PictureInput, trial: OnnxTrial, mapping: OnnxMapping, weights: number): OnnxConfig {
  const wrong = (what: string): EngineError => new EngineError('BAD_REQUEST', `${path}: ${what}`, { detail: { path } })
  const choices = choicesOf(trial)
  const choice = choices.find(({ output }) => output === mapping.output)
  if (choice === undefined) throw wrong(`the output ${JSON.stringify(mapping.output)} cannot be looked through; there are ${choices.map(({ output }) => output).join(', ')}`)
  const { form, dim } = choice
  const { leadingTokens, size } = mapping
  const patchSize = form === 'tokens' ? patchSizeWith(trial, choice, leadingTokens) : leadingTokens === 0 ? choice.patchSize : undefined
  if (patchSize === undefined) {
    const shape = trial.square.outputs.find(({ name }) => name === choice.output)?.shape.join(' × ') ?? ''
    throw wrong(`with ${leadingTokens} leading tokens, the output ${choice.output} of ${shape} leaves no square of patches; ${choice.leadingTokens} would`)
  }
  const fixed = onlySizeOf(trial)
  if (fixed !== undefined && size !== fixed) throw wrong(`it takes pictures of ${fixed} × ${fixed} pixels alone, not of ${size}`)
  if (form !== 'vector' && size % patchSize !== 0) throw wrong(`pictures of ${size} pixels are no whole patches of ${patchSize}; ${Math.max(1, Math.round(size / patchSize)) * patchSize} would be`)
  const asked: BareChoice = { ...choice, leadingTokens, patchSize }
  const attention = attentionOf(trial.square, asked)
  // A pooled vector beside patches without CLS says what the model makes of the whole picture.
  const vector = form !== 'vector' && leadingTokens === 0 ? choices.find((other) => other.form === 'vector' && other.dim === dim)?.output : undefined
  return {
    family: 'onnx',
    patchSize: form === 'vector' ? size : patchSize,
    dim,
    depth: attention.names.length,
    heads: attention.heads,
    registers: Math.max(0, leadingTokens - 1),
    fixedSize: form === 'vector' ? size : fixed,
    batched: isBatched(input, trial, choice),
    input: { name: input.name, channels: input.channels },
    output: { name: choice.output, form, leadingTokens },
    vector,
    attention: attention.names,
    weights,
  }
}

function patchSizeWith({ square, wide }: OnnxTrial, { output, leadingTokens: found, patchSize }: OnnxChoice, leadingTokens: number): number | undefined {
  if (leadingTokens === found) return patchSize
  // Two sizes leave no choice.
  if (wide !== undefined) return undefined
  const tokens = square.outputs.find(({ name }) => name === output)?.shape[1] ?? 0
  const layout = layoutWith(square.width, tokens, leadingTokens)
  return layout && square.width / layout.edge
}

/** Whether two pictures gave two of what one gave. */
function isBatched({ count }: PictureInput, { square, pair }: OnnxTrial, { output }: OnnxChoice): boolean {
  const shapeOf = (run: TriedRun): string | undefined => run.outputs.find(({ name }) => name === output)?.shape.slice(1).join()
  return count === undefined && pair !== undefined && pair.outputs.find(({ name }) => name === output)?.shape[0] === 2 && shapeOf(pair) === shapeOf(square)
}
