/** @file Writing safetensors files, one tensor in memory at a time, atomically, hashed on the way. */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { EngineError } from '../../contract'
import { writeFileAtomically } from '../../files'
import { dtypes, elementCount, formatShape, type Tensor } from '../../tensor'
import type { TensorSource } from '../bytes/tensor-source'
import { lengthBytes, maximumHeaderBytes } from './header'

/** A tensor to be written; its source is read when its turn comes. */
export interface NamedSource extends TensorSource {
  readonly name: string
}

export interface WriteOptions {
  readonly metadata?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Told after each tensor, with the bytes it took. */
  readonly onWritten?: (name: string, byteLength: number) => void
}

/** What was written. */
export interface WrittenFile {
  readonly sha256: string
  readonly bytes: number
}

const alignment = 8

/**
 * Writes `tensors` under their names. Wider elements come first, so that every tensor is aligned to its element size
 * although the format allows no padding between tensors.
 * @throws EngineError DISK, or what a source's `read` throws
 */
export async function writeSafetensorsFrom(path: string, tensors: readonly NamedSource[], options: WriteOptions = {}): Promise<WrittenFile> {
  const ordered = [...tensors].sort((a, b) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes)
  const header = encodeHeader(path, ordered, options.metadata)
  const hash = createHash('sha256')
  let bytes = 0
  const write = async (handle: FileHandle): Promise<void> => {
    const append = async (chunk: Uint8Array): Promise<void> => {
      hash.update(chunk)
      for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done, chunk.length - done, bytes + done)).bytesWritten
      bytes += chunk.length
    }
    await append(header)
    for (const source of ordered) {
      options.signal?.throwIfAborted()
      const { data } = await readAsPromised(source)
      await append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      options.onWritten?.(source.name, data.byteLength)
    }
  }
  await writeFileAtomically(path, write)
  return { sha256: hash.digest('hex'), bytes }
}

/**
 * Writes tensors that are at hand.
 * @throws EngineError DISK
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
  metadata?: Readonly<Record<string, string>>,
): Promise<WrittenFile> {
  const sources = Array.from(tensors, ([name, value]): NamedSource => ({
    name,
    dtype: value.dtype,
    shape: value.shape,
    read: () => Promise.resolve(value),
  }))
  return writeSafetensorsFrom(path, sources, { metadata })
}

/** The header has been written from the promise, so a source that breaks it must not reach the disk. */
async function readAsPromised({ name, dtype, shape, read }: NamedSource): Promise<Tensor> {
  const value = await read()
  if (value.dtype === dtype && value.data.length === elementCount(shape)) return value
  throw new EngineError(
    'INTERNAL',
    `writeSafetensors: ${name} is ${value.dtype} ${formatShape(value.shape)}, promised was ${dtype} ${formatShape(shape)}`,
  )
}

function encodeHeader(path: string, tensors: readonly NamedSource[], metadata: Readonly<Record<string, string>> | undefined): Uint8Array {
  const entries = new Map<string, unknown>()
  if (metadata !== undefined) entries.set('__metadata__', metadata)
  let offset = 0
  for (const { name, dtype, shape } of tensors) {
    const end = offset + elementCount(shape) * dtypes[dtype].bytes
    if (entries.has(name)) throw new EngineError('INTERNAL', `writeSafetensors: ${path} would have two tensors named ${name}`)
    entries.set(name, { dtype: dtypes[dtype].safetensors, shape, data_offsets: [offset, end] })
    offset = end
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const padded = Math.ceil(json.length / alignment) * alignment
  if (padded > maximumHeaderBytes) throw new EngineError('INTERNAL', `writeSafetensors: the header of ${path} would have ${padded} bytes`)
  const header = Buffer.alloc(lengthBytes + padded, ' ')
  header.writeBigUInt64LE(BigInt(padded))
  header.set(json, lengthBytes)
  return header
}
