/** @file Reading the tensors of an indexed weights file, one at a time. */
import { EngineError } from '../../contract'
import type { Tensor } from '../../tensor'
import { openByteSource } from '../bytes/byte-source'
import type { SafetensorsIndex } from '../safetensors/header'
import { readTensor } from '../safetensors/read'

/**
 * Opens the file until `use` is done with it.
 * @throws EngineError SOURCE_UNAVAILABLE; reading one throws MODEL_KEYS when there is none of that name
 */
export async function withTensors<T>({ path, tensors }: SafetensorsIndex, use: (read: (name: string) => Promise<Tensor>) => Promise<T>): Promise<T> {
  const source = await openByteSource(path)
  try {
    return await use(async (name) => {
      const location = tensors.get(name)
      if (location === undefined) throw new EngineError('MODEL_KEYS', `${path} has no tensor ${name}`, { detail: { path, missing: [name], unexpected: [], wrongShape: [] } })
      return readTensor(source, location)
    })
  } finally {
    await source.close()
  }
}
