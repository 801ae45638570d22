/** @file A model as one safetensors file under the official names, believed only after every element has been read back. */
import { basename, join } from 'node:path'
import { EngineError } from '../../contract'
import { vitParameters } from '../../nn'
import { embeddedDescription, hashElements, readSafetensorsIndex, withTensors, writeSafetensorsFrom, type ModelFolder, type NamedSource } from '../../weights'
import { exportMetadata } from './metadata'
import { stageBeside } from './staging'

export interface SafetensorsFileOptions {
  readonly elementsSha256: string
  readonly signal: AbortSignal
  readonly onWritten: (bytes: number) => void
}

/**
 * Writes the weights of `model` as they are stored, with its description as metadata.
 * @returns the path, alone in a list
 * @throws EngineError DISK when it cannot be written or does not read back; the signal's reason when cancelled
 */
export async function writeSafetensorsModel(path: string, { manifest, weights }: ModelFolder, { elementsSha256, signal, onWritten }: SafetensorsFileOptions): Promise<string[]> {
  const name = basename(path)
  // `format` is what transformers looks for before it reads a file.
  const metadata = { format: 'pt', ...exportMetadata(embeddedDescription(manifest, elementsSha256)) }
  return stageBeside(path, async (folder) => {
    const staged = join(folder, name)
    await withTensors(weights, async (read) => {
      const sources = vitParameters(manifest.config).map(({ name, shape }): NamedSource => ({ name, shape, dtype: weights.tensors.get(name)?.dtype ?? 'float32', read: () => read(name) }))
      await writeSafetensorsFrom(staged, sources, { metadata, signal, onWritten: (_name, bytes) => { onWritten(bytes) } })
    })
    const readBack = await withTensors(await readSafetensorsIndex(staged), (read) => hashElements(manifest.config, read, signal))
    if (readBack !== elementsSha256) throw new EngineError('DISK', `${path} does not read back as it was written`, { detail: { path } })
    return [name]
  })
}
