/** @file A tensor that has not been read yet: what is known of it, and how to get it. */
import type { DType, Shape, Tensor } from '../../tensor'

/** One tensor of a weights file. Reading is left to the last moment, so that one tensor at a time is in memory. */
export interface TensorSource {
  readonly dtype: DType
  readonly shape: Shape
  read(): Promise<Tensor>
}

/** Tensors by name, in the order of the file. */
export type StateDict = ReadonlyMap<string, TensorSource>

/** What an opened weights file holds. */
export interface Checkpoint {
  readonly format: 'safetensors' | 'pytorch' | 'pytorch-legacy' | 'onnx'
  /** State dicts by their key in the file, for example `teacher`; the key of tensors at the top is the empty string. */
  readonly groups: ReadonlyMap<string, StateDict>
  /** What the file says of itself, where its format has room for that. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Classes that a segmentation head names in its `meta`, with their colours where it has them. */
  readonly classes?: readonly { readonly name: string; readonly colour: readonly [number, number, number] | undefined }[]
  close(): Promise<void>
}
