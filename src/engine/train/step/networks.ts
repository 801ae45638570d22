/** @file Student and teacher over one batch of crops: features and prototype scores, without any loss. */
import { constant, input, type Value } from '../../graph'
import {
  clsOf,
  dinoHead,
  dropRate,
  multiCropTransformer,
  patchTokensOf,
  perSampleResidual,
  plainResidual,
  positionWeights,
  subsetResidual,
  type DinoHeadConfig,
  type Parameters,
  type Residual,
  type VitConfig,
  type VitInputs,
} from '../../nn'
import { concat, flattenRows, gather, slice } from '../../ops'
import { gridOf, headPrefix, masksPatches, predictsPatches, type StepSpec, type TeacherSpec } from './step-spec'

/** A network's own position embedding resized to a grid of `grid` × `grid`. */
function positionsOf({ positionGrid, positionInterpolation }: VitConfig, grid: number): Pick<VitInputs, 'rows' | 'columns'> {
  const { rows, columns } = positionWeights(positionGrid, { height: grid, width: grid }, positionInterpolation)
  return { rows: constant(rows), columns: constant(columns) }
}

/** Crops of one size, crop-major `[crops · batch, patches, 3p²]`, with the position embedding's resizing baked in. */
function cropInputs(spec: StepSpec, name: 'global' | 'local', count: number, size: number): VitInputs {
  const grid = gridOf(spec, size)
  return { patches: input(name, 'float32', [count * spec.batch, grid * grid, 3 * spec.config.patchSize ** 2]), ...positionsOf(spec.config, grid) }
}

/** Names of a step's inputs besides weights. */
export interface NetworkInputs {
  readonly global: VitInputs
  readonly local: VitInputs | undefined
  /** Bool `[2 · batch, patches]`, and the masked positions in the flattened patches, int64 `[maskedRows]`. */
  readonly masks: Value | undefined
  readonly maskedIndices: Value | undefined
}

/** The crops and masks of a step. */
export function networkInputs(spec: StepSpec): NetworkInputs {
  const patches = gridOf(spec, spec.globalSize) ** 2
  const masked = masksPatches(spec)
  return {
    global: cropInputs(spec, 'global', 2, spec.globalSize),
    local: spec.localCrops === 0 ? undefined : cropInputs(spec, 'local', spec.localCrops, spec.localSize),
    masks: masked ? input('masks', 'bool', [2 * spec.batch, patches]) : undefined,
    maskedIndices: masked ? input('masked.indices', 'int64', [spec.maskedRows]) : undefined,
  }
}

/** What a network says of a batch. */
export interface NetworkOutputs {
  /** CLS of the global crops after the final norm, before the head, `[2 · batch, dim]`. */
  readonly features: Value
  /** Scores of CLS, crop-major: of the global crops and, for the student, the local ones. */
  readonly scores: Value
  /** Scores of the masked patches `[maskedRows, K]`, or with a frozen teacher of all patches of the global crops `[2 · batch · patches, K]`. */
  readonly patchScores: Value | undefined
  readonly boundaries: readonly Value[]
}

function residualOf({ config, dropPath }: StepSpec): Residual {
  const rateOf = (block: number): number => dropRate(dropPath.rate, dropPath.uniform, block, config.depth)
  if (dropPath.rate === 0) return plainResidual
  if (dropPath.kind === 'per-sample') return perSampleResidual(rateOf)
  return subsetResidual(rateOf, (values) => constant({ dtype: 'float32', shape: [values.length, 1], data: values }))
}

const within = (parameters: Parameters, prefix: string): Parameters => (name) => parameters(`${prefix}.${name}`)

/** Scores of CLS and masked patches, by one head in one pass, or by a head each. */
function scoresOf(spec: Pick<StepSpec, 'method' | 'head' | 'ibotHead'>, parameters: Parameters, cls: Value, masked: Value | undefined): Pick<NetworkOutputs, 'scores' | 'patchScores'> {
  const score = (prefix: string, head: DinoHeadConfig, rows: Value): Value => dinoHead(head, within(parameters, prefix), rows)
  const prefix = headPrefix(spec)
  if (masked === undefined) return { scores: score(prefix, spec.head, cls), patchScores: undefined }
  if (spec.ibotHead !== undefined) return { scores: score(prefix, spec.head, cls), patchScores: score('ibot_head', spec.ibotHead, masked) }
  const both = score(prefix, spec.head, concat([cls, masked], 0))
  const count = Number(cls.shape[0])
  return { scores: slice(both, 0, 0, count), patchScores: slice(both, 0, count, Number(masked.shape[0])) }
}

/** Source: DINO's multi-crop wrapper; dinov2/train/ssl_meta_arch.py:150-250. */
export function studentNetwork(spec: StepSpec, parameters: Parameters, inputs: NetworkInputs): NetworkOutputs {
  const global: VitInputs = { ...inputs.global, ...(inputs.masks === undefined ? {} : { masks: inputs.masks }) }
  const crops = inputs.local === undefined ? [global] : [global, inputs.local]
  const { tokens, boundaries } = multiCropTransformer(spec.config, within(parameters, 'backbone'), crops, { form: spec.attention, residual: residualOf(spec) })
  return { boundaries, ...readOut(spec, parameters, inputs, tokens) }
}

/** The teacher sees the global crops alone, whole and with every block. A frozen one is a network of its own. */
export function teacherNetwork(spec: StepSpec, parameters: Parameters, inputs: NetworkInputs): NetworkOutputs {
  const network = spec.teacher ?? spec
  const { tokens, boundaries } = globalTokens(spec, network, parameters, inputs)
  return { boundaries, ...readOut({ ...spec, ...network }, parameters, inputs, tokens) }
}

function globalTokens(spec: StepSpec, { config }: Pick<TeacherSpec, 'config'>, parameters: Parameters, { global }: NetworkInputs): ReturnType<typeof multiCropTransformer> {
  const seen = config === spec.config ? global : { ...global, ...positionsOf(config, gridOf(spec, spec.globalSize)) }
  return multiCropTransformer(config, within(parameters, 'backbone'), [seen], { form: spec.attention })
}

/** What a frozen teacher's backbone says of the global crops, before any head: CLS `[2 · batch, dim]` and all patches `[2 · batch · patches, dim]`. */
export function frozenTokens(spec: StepSpec, teacher: TeacherSpec, parameters: Parameters): { readonly cls: Value; readonly patches: Value } {
  const inputs = networkInputs(spec)
  const [tokens] = globalTokens(spec, teacher, parameters, inputs).tokens
  if (tokens === undefined) throw new RangeError('a step needs global crops')
  return { cls: clsOf(tokens), patches: flattenRows(patchTokensOf(teacher.config, tokens, inputs.global.patches)) }
}

function readOut(spec: StepSpec, parameters: Parameters, inputs: NetworkInputs, tokens: readonly Value[]): Omit<NetworkOutputs, 'boundaries'> {
  const [global, ...others] = tokens
  if (global === undefined) throw new RangeError('a step needs global crops')
  const features = clsOf(global)
  const cls = others.length === 0 ? features : concat([features, ...others.map(clsOf)], 0)
  if (!predictsPatches(spec)) return { features, ...scoresOf(spec, parameters, cls, undefined) }
  const patches = flattenRows(patchTokensOf(spec.config, global, inputs.global.patches))
  return { features, ...scoresOf(spec, parameters, cls, inputs.maskedIndices === undefined ? patches : gather(patches, inputs.maskedIndices, 0)) }
}
