/** @file A graph of values to an ONNX model, in three stages: discover what the outputs need, name it, write it down. */
import { EngineError } from '../contract'
import type { ExternalData, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../onnx'
import { elementCount } from '../tensor'
import { formatDims } from './dim'
import { irVersion, opsets } from './opset'
import { topologicalValues } from './traverse'
import type { CreationSite, GraphNode, Value } from './value'

export interface ParameterUse {
  readonly name: string
  readonly shape: readonly number[]
}

export interface BuiltModel {
  readonly model: OnnxModel
  /** Node name to the line that made it, for errors from the runtime. */
  readonly sites: ReadonlyMap<string, CreationSite>
  /** The parameters the outputs depend on, in the order they were met. */
  readonly parameters: readonly ParameterUse[]
}

/** Supplies a parameter's bytes, or says in which file they lie. */
export type ParameterData = (name: string) => Uint8Array | ExternalData

/** Total number of elements of the parameters in use. */
export function countParameters(built: BuiltModel): number {
  return built.parameters.reduce((total, { shape }) => total + elementCount(shape), 0)
}

/**
 * Builds the model that computes `outputs` (name to value). What no output needs is left out.
 * @throws EngineError GRAPH when two inputs or two parameters share a name with different types
 */
export function buildModel(name: string, outputs: Readonly<Record<string, Value>>, parameterData: ParameterData): BuiltModel {
  const values = topologicalValues(Object.values(outputs))
  const namer = new Namer(outputsInUse(values, Object.values(outputs)), publicNames(outputs))
  const nodes: OnnxNode[] = []
  const sites = new Map<string, CreationSite>()
  const inputs = new Map<string, OnnxValueInfo>()
  const initializers = new Map<string, OnnxTensor>()
  const parameters = new Map<string, ParameterUse>()

  for (const value of values) {
    const { source } = value
    switch (source.kind) {
      case 'input':
        sameAsBefore(inputs, { name: source.name, dtype: value.dtype, shape: value.shape })
        break
      case 'parameter': {
        const shape = value.shape.map(Number)
        sameAsBefore(parameters, { name: source.name, shape })
        initializers.set(source.name, { name: source.name, dtype: value.dtype, shape, data: parameterData(source.name) })
        break
      }
      case 'constant': {
        const { tensor } = source
        const data = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
        initializers.set(namer.value(value), { name: namer.value(value), dtype: tensor.dtype, shape: tensor.shape, data })
        break
      }
      case 'node': {
        const made = namer.node(source.node)
        nodes.push({
          name: made.name,
          opType: source.node.opType,
          domain: source.node.domain,
          inputs: source.node.inputs.map((dependency) => namer.value(dependency)),
          outputs: Array.from({ length: made.outputCount }, (_, output) => namer.output(source.node, output)),
          attributes: source.node.attributes,
        })
        sites.set(made.name, source.node.site)
      }
    }
  }

  const outputInfos = Object.entries(outputs).map(([outputName, value]): OnnxValueInfo => {
    // What no node made, or what has a public name already, gets another by an identity.
    if (namer.value(value) !== outputName) nodes.push({ name: `output_${outputName}`, opType: 'Identity', domain: '', inputs: [namer.value(value)], outputs: [outputName], attributes: {} })
    return { name: outputName, dtype: value.dtype, shape: value.shape }
  })
  const model: OnnxModel = {
    irVersion,
    producer: 'DinoScope',
    opsets,
    metadata: {},
    graph: { name, nodes, inputs: [...inputs.values()], outputs: outputInfos, initializers: [...initializers.values()] },
  }
  return { model, sites, parameters: [...parameters.values()] }
}

function sameAsBefore<T extends { readonly name: string; readonly shape: readonly (number | string)[] }>(seen: Map<string, T>, next: T): void {
  const before = seen.get(next.name)
  if (before !== undefined && formatDims(before.shape) !== formatDims(next.shape))
    throw new EngineError('GRAPH', `buildModel: ${next.name} is used with shapes ${formatDims(before.shape)} and ${formatDims(next.shape)}`)
  seen.set(next.name, next)
}

/** How many of each node's outputs must be written down: up to the last one that anybody reads. */
function outputsInUse(values: readonly Value[], graphOutputs: readonly Value[]): ReadonlyMap<GraphNode, number> {
  const inUse = new Map<GraphNode, number>()
  const read = ({ source }: Value): void => {
    if (source.kind === 'node') inUse.set(source.node, Math.max(inUse.get(source.node) ?? 0, source.output + 1))
  }
  graphOutputs.forEach(read)
  for (const { source } of values) if (source.kind === 'node') source.node.inputs.forEach(read)
  return inUse
}

/** The public name of each node's outputs that have one: what a graph gives out is named so where it is made. */
function publicNames(outputs: Readonly<Record<string, Value>>): ReadonlyMap<GraphNode, ReadonlyMap<number, string>> {
  const names = new Map<GraphNode, Map<number, string>>()
  for (const [name, { source }] of Object.entries(outputs)) {
    if (source.kind !== 'node') continue
    const ofNode = names.get(source.node) ?? new Map<number, string>()
    if (!ofNode.has(source.output)) ofNode.set(source.output, name)
    names.set(source.node, ofNode)
  }
  return names
}

/** Gives every node and constant a name that is unique and says what it is. */
class Namer {
  private readonly nodes = new Map<GraphNode, { name: string; outputCount: number }>()
  private readonly constants = new Map<Value, string>()

  constructor(
    private readonly outputCounts: ReadonlyMap<GraphNode, number>,
    private readonly publicNames: ReadonlyMap<GraphNode, ReadonlyMap<number, string>>,
  ) {}

  node(made: GraphNode): { readonly name: string; readonly outputCount: number } {
    const known = this.nodes.get(made)
    if (known !== undefined) return known
    const named = { name: `${made.op}_${this.nodes.size}`, outputCount: this.outputCounts.get(made) ?? made.outputs.length }
    this.nodes.set(made, named)
    return named
  }

  output(made: GraphNode, output: number): string {
    const { name } = this.node(made)
    return this.publicNames.get(made)?.get(output) ?? (output === 0 ? name : `${name}:${output}`)
  }

  value(value: Value): string {
    const { source } = value
    if (source.kind === 'input' || source.kind === 'parameter') return source.name
    if (source.kind === 'node') return this.output(source.node, source.output)
    const known = this.constants.get(value) ?? `constant_${this.constants.size}`
    this.constants.set(value, known)
    return known
  }
}
