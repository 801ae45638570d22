/** @file Compares the tensors of a file with the parameters of a configuration, and lists every difference. */
import { EngineError } from '../../contract'
import { vitParameters, type ParameterSpec, type VitConfig } from '../../nn'
import { formatShape, type Shape } from '../../tensor'
import { printable } from '../bytes/printable'
import type { TensorSource } from '../bytes/tensor-source'
import type { OfficialTensors } from './official-tensors'

/** A parameter with the tensor that fills it. */
export interface MatchedParameter extends ParameterSpec {
  readonly source: TensorSource
}

export interface MatchedParameters {
  /** Every parameter of the configuration, in its order. */
  readonly parameters: readonly MatchedParameter[]
  /** Names in the file that the backbone has no use for: heads, poolers. */
  readonly unexpected: readonly string[]
}

interface WrongShape {
  readonly name: string
  readonly found: Shape
  readonly expected: Shape
}

/** How many names of each kind a message gives; the detail has them all. */
const named = 5

/**
 * Finds every parameter. Extra tensors are listed, not refused.
 * @throws EngineError MODEL_KEYS with detail {missing, unexpected, wrongShape} when a parameter is missing or has another shape
 */
export function matchParameters(path: string, config: VitConfig, { tensors, sourceNames, unknown }: OfficialTensors): MatchedParameters {
  const specs = vitParameters(config)
  const expected = new Set(specs.map(({ name }) => name))
  const unexpected = [...[...tensors.keys()].filter((name) => !expected.has(name)).map((name) => sourceNames.get(name) ?? name), ...unknown]
  const missing: string[] = []
  const wrongShape: WrongShape[] = []
  const parameters: MatchedParameter[] = []
  for (const spec of specs) {
    const source = tensors.get(spec.name)
    if (source === undefined) missing.push(spec.name)
    else if (formatShape(source.shape) !== formatShape(spec.shape)) wrongShape.push({ name: spec.name, found: source.shape, expected: spec.shape })
    else parameters.push({ ...spec, source })
  }
  if (missing.length > 0 || wrongShape.length > 0) throw keysError(path, missing, unexpected, wrongShape)
  return { parameters, unexpected }
}

function keysError(path: string, missing: readonly string[], unexpected: readonly string[], wrongShape: readonly WrongShape[]): EngineError {
  const list = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${names.length} ${what}: ${names.slice(0, named).join(', ')}${names.length > named ? ', …' : ''}`]
  const parts = [
    ...list('missing', missing),
    ...list(
      'of another shape',
      wrongShape.map(({ name, found, expected }) => `${name} ${formatShape(found)} instead of ${formatShape(expected)}`),
    ),
    ...list('unexpected', unexpected.map(printable)),
  ]
  return new EngineError('MODEL_KEYS', `${path} does not hold the weights of a DINO or DINOv2 backbone. ${parts.join('; ')}`, {
    detail: { path, missing, unexpected, wrongShape },
  })
}
