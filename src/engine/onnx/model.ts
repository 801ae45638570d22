/** @file The part of ONNX's ModelProto that DinoScope reads and writes, as plain data. */
import type { DType } from '../tensor'

/** A fixed size, or the name of a size known only when the model runs. */
export type OnnxDim = number | string

export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }

export interface OnnxNode {
  readonly name: string
  readonly opType: string
  /** '' is the ONNX standard domain. */
  readonly domain: string
  /** An empty name is an absent optional input. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** Where a tensor's bytes lie in another file; `location` is relative to the model's folder. */
export interface ExternalData {
  readonly location: string
  readonly offset: number
  readonly length: number
}

export interface OnnxTensor {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Little-endian elements in the file itself, or a reference. */
  readonly data: Uint8Array | ExternalData
}

export interface OnnxValueInfo {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly OnnxDim[]
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
  readonly initializers: readonly OnnxTensor[]
}

export interface OnnxModel {
  readonly irVersion: number
  readonly producer: string
  /** Domain to version. */
  readonly opsets: Readonly<Record<string, number>>
  readonly metadata: Readonly<Record<string, string>>
  readonly graph: OnnxGraph
}

export function isExternal(data: Uint8Array | ExternalData): data is ExternalData {
  return !(data instanceof Uint8Array)
}
