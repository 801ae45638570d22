/** @file A parameter that an exported graph has no use for, in the file's metadata: runtimes complain of initializers no node reads. */
import { z } from 'zod'
import { EngineError } from '../../contract'
import { dtypes, elementCount, elementsOf, tensor, type Tensor } from '../../tensor'
import { printable } from '../bytes/printable'
import type { TensorSource } from '../bytes/tensor-source'

const prefix = 'dinoscope.tensor.'
const maximumLength = 2 ** 24

const schema = z.object({ dtype: z.enum(['float32', 'float16']), shape: z.array(z.int().nonnegative()).max(8), data: z.base64().max(maximumLength) })

/** The metadata entry that holds `value`. */
export function unusedTensorEntry(name: string, { dtype, shape, data }: Tensor): readonly [key: string, text: string] {
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
  return [`${prefix}${name}`, JSON.stringify({ dtype, shape, data: base64 })]
}

/**
 * The tensors that a file's metadata hold, by name.
 * @throws EngineError MODEL_TENSOR when an entry is not one
 */
export function unusedTensors(path: string, metadata: Readonly<Record<string, string>>): Map<string, TensorSource> {
  const found = new Map<string, TensorSource>()
  for (const [key, text] of Object.entries(metadata)) {
    if (key.startsWith(prefix)) found.set(key.slice(prefix.length), readEntry(path, key, text))
  }
  return found
}

function readEntry(path: string, key: string, text: string): TensorSource {
  const refuse = (): EngineError => new EngineError('MODEL_TENSOR', `${path}: the metadata ${printable(key)} hold no tensor`, { detail: { path, tensor: key.slice(prefix.length) } })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse()
  }
  const result = schema.safeParse(value)
  if (!result.success) throw refuse()
  const { dtype, shape, data } = result.data
  const bytes = Buffer.from(data, 'base64')
  if (bytes.length !== elementCount(shape) * dtypes[dtype].bytes) throw refuse()
  return { dtype, shape, read: () => Promise.resolve(tensor(dtype, shape, elementsOf(dtype, bytes))) }
}
