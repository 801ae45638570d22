/** @file What a foreign ONNX file is and refers to, read without trusting it and without its weights: for deciding whether a runtime may see it. */
import { dtypes } from '../tensor'
import { blob, integer, integers, malformed, readEntry, text } from './fields'
import type { OnnxDim } from './model'
import { readFields } from './protobuf'

/** An input or output. A shape that the file does not tell, or that is of no tensor, is undefined. */
export interface OutlinedValue {
  readonly name: string
  /** As {@link dtypes} names them, or `type 10` and the like. */
  readonly dtype: string
  readonly shape: readonly OnnxDim[] | undefined
}

/** A tensor whose bytes lie elsewhere, with everything that is said of where. */
export interface OutlinedReference {
  readonly tensor: string
  readonly entries: readonly (readonly [key: string, value: string])[]
}

export interface OnnxOutline {
  readonly producer: string
  readonly metadata: Readonly<Record<string, string>>
  /** Inputs that a run must feed; initializers that are listed among them are left out. */
  readonly inputs: readonly OutlinedValue[]
  readonly outputs: readonly OutlinedValue[]
  /** Elements of all initializers of floating point. */
  readonly parameters: number
  /** Wherever they hide: initializers, attributes, sparse tensors, subgraphs, functions. */
  readonly references: readonly OutlinedReference[]
  /** Every kind of node, with its domain; '' is the standard one. */
  readonly operators: readonly { readonly domain: string; readonly opType: string }[]
  /** Functions that the file brings along, whose nodes are among {@link operators}. */
  readonly functions: readonly { readonly domain: string; readonly name: string }[]
}

/** Graphs in attributes of nodes in graphs; real ones nest two or three deep. */
const deepest = 32

const floatingTypes = new Set([1, 10, 11, 16])
const nameOfType = new Map(Object.entries(dtypes).map(([name, { onnx }]) => [onnx, name]))

interface Gathering {
  readonly references: OutlinedReference[]
  readonly operators: Map<string, { readonly domain: string; readonly opType: string }>
  readonly functions: { readonly domain: string; readonly name: string }[]
  parameters: number
}

/**
 * Reads all of a file but its weights. Where protobuf would merge a message that occurs twice, both are looked at.
 * @throws EngineError MODEL_HEADER for what is malformed, truncated or without a graph
 */
export function outlineModel(bytes: Uint8Array): OnnxOutline {
  const found: Gathering = { references: [], operators: new Map(), functions: [], parameters: 0 }
  let producer = ''
  let graphs = 0
  const inputs: OutlinedValue[] = []
  const outputs: OutlinedValue[] = []
  const initializers = new Set<string>()
  const metadata: Record<string, string> = {}
  for (const field of readFields(bytes)) {
    if (field.field === 2) producer = text(field)
    else if (field.field === 7) {
      graphs++
      const graph = readGraph(blob(field), found, 0)
      inputs.push(...graph.inputs)
      outputs.push(...graph.outputs)
      for (const name of graph.initializers) initializers.add(name)
    } else if (field.field === 14) {
      const [key, value] = readEntry(blob(field))
      metadata[key] = value
    } else if (field.field === 20) {
      // TrainingInfoProto: two graphs.
      for (const part of readFields(blob(field))) if (part.field === 1 || part.field === 2) readGraph(blob(part), found, 0)
    } else if (field.field === 25) readFunction(blob(field), found)
  }
  if (graphs === 0) throw malformed('the file has no graph')
  return {
    producer,
    metadata,
    inputs: inputs.filter(({ name }) => !initializers.has(name)),
    outputs,
    parameters: found.parameters,
    references: found.references,
    operators: [...found.operators.values()],
    functions: found.functions,
  }
}

interface GraphEnds {
  readonly inputs: readonly OutlinedValue[]
  readonly outputs: readonly OutlinedValue[]
  readonly initializers: readonly string[]
}

function readGraph(bytes: Uint8Array, found: Gathering, depth: number): GraphEnds {
  if (depth > deepest) throw malformed(`graphs nest more than ${deepest} deep`)
  const inputs: OutlinedValue[] = []
  const outputs: OutlinedValue[] = []
  const initializers: string[] = []
  for (const field of readFields(bytes)) {
    if (field.field === 1) readNode(blob(field), found, depth)
    else if (field.field === 5) {
      const { name, type, elements } = readTensor(blob(field), found)
      initializers.push(name)
      if (floatingTypes.has(type)) found.parameters = Math.min(Number.MAX_SAFE_INTEGER, found.parameters + elements)
    } else if (field.field === 11) inputs.push(readValue(blob(field)))
    else if (field.field === 12) outputs.push(readValue(blob(field)))
    else if (field.field === 15) readSparse(blob(field), found)
  }
  return { inputs, outputs, initializers }
}

function readFunction(bytes: Uint8Array, found: Gathering): void {
  let name = ''
  let domain = ''
  for (const field of readFields(bytes)) {
    if (field.field === 1) name = text(field)
    else if (field.field === 7) readNode(blob(field), found, 0)
    else if (field.field === 10) domain = text(field)
    else if (field.field === 11) readAttribute(blob(field), found, 0)
  }
  found.functions.push({ domain, name })
}

function readNode(bytes: Uint8Array, found: Gathering, depth: number): void {
  let opType = ''
  let domain = ''
  for (const field of readFields(bytes)) {
    if (field.field === 4) opType = text(field)
    else if (field.field === 5) readAttribute(blob(field), found, depth)
    else if (field.field === 7) domain = text(field)
  }
  found.operators.set(`${domain}\0${opType}`, { domain, opType })
}

function readAttribute(bytes: Uint8Array, found: Gathering, depth: number): void {
  for (const field of readFields(bytes)) {
    if (field.field === 5 || field.field === 10) readTensor(blob(field), found)
    else if (field.field === 6 || field.field === 11) readGraph(blob(field), found, depth + 1)
    else if (field.field === 22 || field.field === 23) readSparse(blob(field), found)
  }
}

/** SparseTensorProto: values and indices are tensors. */
function readSparse(bytes: Uint8Array, found: Gathering): void {
  for (const field of readFields(bytes)) if (field.field === 1 || field.field === 2) readTensor(blob(field), found)
}

/** Either sign of data elsewhere counts: a runtime may go by the other one. */
function readTensor(bytes: Uint8Array, found: Gathering): { readonly name: string; readonly type: number; readonly elements: number } {
  let name = ''
  let type = 0
  let elements = 1
  let isElsewhere = false
  const entries: [string, string][] = []
  for (const field of readFields(bytes)) {
    if (field.field === 1) for (const dim of integers(field)) elements *= Math.max(0, dim)
    else if (field.field === 2) type = integer(field)
    else if (field.field === 8) name = text(field)
    else if (field.field === 13) entries.push(readEntry(blob(field)))
    else if (field.field === 14 && integer(field) !== 0) isElsewhere = true
  }
  if (isElsewhere || entries.length > 0) found.references.push({ tensor: name, entries })
  return { name, type, elements }
}

function readValue(bytes: Uint8Array): OutlinedValue {
  let name = ''
  let dtype = 'not a tensor'
  let shape: OnnxDim[] | undefined
  for (const field of readFields(bytes)) {
    if (field.field === 1) name = text(field)
    if (field.field !== 2) continue
    for (const type of readFields(blob(field))) {
      if (type.field !== 1) continue
      for (const part of readFields(blob(type))) {
        if (part.field === 1) {
          const number = integer(part)
          dtype = nameOfType.get(number) ?? `type ${number}`
        } else if (part.field === 2) {
          shape = []
          for (const dim of readFields(blob(part))) if (dim.field === 1) shape.push(readDim(blob(dim)))
        }
      }
    }
  }
  return { name, dtype, shape }
}

function readDim(bytes: Uint8Array): OnnxDim {
  for (const field of readFields(bytes)) {
    if (field.field === 1) return integer(field)
    if (field.field === 2) return text(field)
  }
  return '?'
}
