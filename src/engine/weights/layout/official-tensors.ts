/** @file Brings a state dict of any known layout under the official names. */
import { EngineError } from '../../contract'
import { tensor, elementCount, formatShape, allocate, type DType, type Shape, type Tensor } from '../../tensor'
import { printable } from '../bytes/printable'
import type { StateDict, TensorSource } from '../bytes/tensor-source'
import { facebookName } from './facebook'
import { detectHuggingFace, huggingFaceTarget, type HuggingFaceModel } from './hugging-face'

export interface OfficialTensors {
  /** Undefined for the official layout itself. */
  readonly huggingFace: HuggingFaceModel | undefined
  /** By official name, heads and other extras included where the layout keeps their names. */
  readonly tensors: StateDict
  /** The name in the file for each official name, for messages and reports. */
  readonly sourceNames: ReadonlyMap<string, string>
  /** Names in the file that stand for nothing in a backbone of this layout. */
  readonly unknown: readonly string[]
}

/**
 * Renames tensors; query, key and value become one.
 * @throws EngineError MODEL_KEYS when two names stand for the same tensor, or query, key and value do not fit
 */
export function officialTensors(path: string, state: StateDict): OfficialTensors {
  const huggingFace = detectHuggingFace(state.keys())
  return huggingFace === undefined ? fromFacebook(path, state) : fromHuggingFace(path, state, huggingFace)
}

function fromFacebook(path: string, state: StateDict): OfficialTensors {
  const tensors = new Map<string, TensorSource>()
  const sourceNames = new Map<string, string>()
  for (const [name, source] of state) {
    const official = facebookName(name)
    const other = sourceNames.get(official)
    if (other !== undefined) throw ambiguous(path, official, [other, name])
    tensors.set(official, source)
    sourceNames.set(official, name)
  }
  return { huggingFace: undefined, tensors, sourceNames, unknown: [] }
}

function fromHuggingFace(path: string, state: StateDict, huggingFace: HuggingFaceModel): OfficialTensors {
  const tensors = new Map<string, TensorSource>()
  const sourceNames = new Map<string, string>()
  const thirds = new Map<string, (readonly [name: string, source: TensorSource] | undefined)[]>()
  const unknown: string[] = []
  for (const [name, source] of state) {
    const target = huggingFaceTarget(name)
    if (target === undefined) {
      unknown.push(name)
      continue
    }
    const group = thirds.get(target.name) ?? [undefined, undefined, undefined]
    const other = target.part === undefined ? sourceNames.get(target.name) : group[target.part]?.[0]
    if (other !== undefined) throw ambiguous(path, target.name, [other, name])
    sourceNames.set(target.name, name)
    if (target.part === undefined) tensors.set(target.name, source)
    else thirds.set(target.name, group.with(target.part, [name, source]))
  }
  for (const [official, group] of thirds) {
    const found = group.filter((item) => item !== undefined)
    sourceNames.set(official, found.map(([name]) => name).join(' + '))
    // An incomplete group is left out, so that it is reported as missing.
    if (found.length === 3) tensors.set(official, concatenated(path, official, found))
    else unknown.push(...found.map(([name]) => name))
  }
  return { huggingFace, tensors, sourceNames, unknown }
}

function ambiguous(path: string, official: string, names: readonly string[]): EngineError {
  return new EngineError('MODEL_KEYS', `${path}: ${names.map(printable).join(' and ')} both stand for ${printable(official)}`, {
    detail: { path, missing: [], unexpected: names, wrongShape: [] },
  })
}

/** Tensors joined along their first axis. */
function concatenated(path: string, official: string, parts: readonly (readonly [name: string, source: TensorSource])[]): TensorSource {
  const [[, first] = []] = parts
  const dtype: DType = first?.dtype ?? 'float32'
  const rows = parts.reduce((sum, [, { shape }]) => sum + (shape[0] ?? 0), 0)
  const shape: Shape = [rows, ...(first?.shape.slice(1) ?? [])]
  const fits = parts.every(([, part]) => part.dtype === dtype && formatShape(part.shape) === formatShape(first?.shape ?? []) && part.shape.length > 0)
  if (!fits) {
    const wrongShape = parts.map(([name, part]) => ({ name, found: part.shape, expected: first?.shape ?? [] }))
    throw new EngineError(
      'MODEL_KEYS',
      `${path}: ${parts.map(([name]) => printable(name)).join(', ')} are not alike, so they cannot be joined to ${official}`,
      {
        detail: { path, missing: [], unexpected: [], wrongShape },
      },
    )
  }
  const read = async (): Promise<Tensor> => {
    const data = allocate(dtype, elementCount(shape))
    const target = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    let offset = 0
    for (const [, part] of parts) {
      const { data: piece } = await part.read()
      target.set(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), offset)
      offset += piece.byteLength
    }
    return tensor(dtype, shape, data)
  }
  return { dtype, shape, read }
}
