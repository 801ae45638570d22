/** @file Weights as graph values, by their name in the checkpoint. */
import { parameter, type Value } from '../graph'
import { cast } from '../ops'
import type { DType } from '../tensor'
import { vitParameters, type VitConfig } from './vit-config'

/** The weights by checkpoint name. */
export type Parameters = (name: string) => Value

/** A lookup that names what it does not have. */
export function parametersFrom(values: ReadonlyMap<string, Value>, what: string): Parameters {
  return (name) => {
    const value = values.get(name)
    if (value === undefined) throw new RangeError(`${what} has no parameter ${name}`)
    return value
  }
}

/** Parameters of a configuration as graph values. */
export function vitParameterValues(config: VitConfig, dtypeOf: (name: string) => DType): Parameters {
  const values = vitParameters(config).map(({ name, shape }) => [name, cast(parameter(name, dtypeOf(name), shape), 'float32')] as const)
  return parametersFrom(new Map(values), 'a ViT of this configuration')
}
