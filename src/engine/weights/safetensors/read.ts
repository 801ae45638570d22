/** @file Reading safetensors files: the index alone, one tensor, or all of a small file. */
import { EngineError } from '../../contract'
import { elementsOf, tensor, type Tensor } from '../../tensor'
import { openByteSource, type ByteSource } from '../bytes/byte-source'
import type { Checkpoint, TensorSource } from '../bytes/tensor-source'
import { checkHeaderLength, lengthBytes, parseSafetensorsHeader, type SafetensorsIndex, type TensorLocation } from './header'

/**
 * Reads and validates the header of an opened file.
 * @throws EngineError MODEL_HEADER, MODEL_TENSOR
 */
export async function readHeader(source: ByteSource): Promise<SafetensorsIndex> {
  if (source.size < lengthBytes)
    throw new EngineError('MODEL_HEADER', `${source.name} is not a valid safetensors file: it has ${source.size} bytes`, {
      detail: { path: source.name },
    })
  const claimed = (await source.read(0, lengthBytes)).readBigUInt64LE()
  const length = checkHeaderLength(source.name, claimed, source.size)
  return parseSafetensorsHeader(source.name, await source.read(lengthBytes, length), source.size)
}

/** Reads one tensor. */
export async function readTensor(source: ByteSource, { dtype, shape, offset, byteLength }: TensorLocation): Promise<Tensor> {
  return tensor(dtype, shape, elementsOf(dtype, await source.read(offset, byteLength)))
}

/**
 * Reads the header of a safetensors file and checks it against the file's size; no tensor is read.
 * @throws EngineError MODEL_HEADER, MODEL_TENSOR, NOT_A_FILE, SOURCE_UNAVAILABLE
 */
export async function readSafetensorsIndex(path: string): Promise<SafetensorsIndex> {
  const source = await openByteSource(path)
  try {
    return await readHeader(source)
  } finally {
    await source.close()
  }
}

/**
 * Reads a whole safetensors file into memory. For small files.
 * @throws EngineError as {@link readSafetensorsIndex}
 */
export async function readSafetensors(path: string): Promise<ReadonlyMap<string, Tensor>> {
  const source = await openByteSource(path)
  try {
    const { tensors } = await readHeader(source)
    const result = new Map<string, Tensor>()
    for (const [name, location] of tensors) result.set(name, await readTensor(source, location))
    return result
  } finally {
    await source.close()
  }
}

/** The tensors of an opened safetensors file; closing the checkpoint closes the source. */
export async function openSafetensorsCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const { tensors, metadata } = await readHeader(source)
  const group = new Map<string, TensorSource>()
  for (const [name, location] of tensors) group.set(name, { dtype: location.dtype, shape: location.shape, read: () => readTensor(source, location) })
  return { format: 'safetensors', groups: new Map([['', group]]), metadata, close: () => source.close() }
}
