/** @file What an exported file says of the model in it, so that importing it gives the same model and not a guess. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { z } from 'zod'
import { EngineError } from '../../contract'
import { vitParameters, type VitConfig } from '../../nn'
import type { Tensor } from '../../tensor'
import type { TensorSource } from '../bytes/tensor-source'
import { vitManifestSchema, type VitManifest } from './manifest'

/** Under which name the metadata of a safetensors or ONNX file hold the description. */
export const descriptionKey = 'dinoscope.model'

const maximumLength = 2 ** 20

/** A manifest without what belongs to the folder. `sha256` is that of the model folder's weights file. */
export interface EmbeddedDescription extends Omit<VitManifest, 'id' | 'weights'> {
  readonly sha256: string
  /** Of the elements of every parameter, in the order of `vitParameters`: what must be found in the file. */
  readonly elementsSha256: string
}

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const schema: z.ZodType<EmbeddedDescription> = vitManifestSchema.omit({ id: true, weights: true }).extend({ sha256: hash, elementsSha256: hash })

/** Of a path only the last part is told: an exported file may go anywhere. */
export function embeddedDescription({ id: _id, weights, ...manifest }: VitManifest, elementsSha256: string): EmbeddedDescription {
  const { provenance } = manifest
  const source = /[\\/]/.test(provenance.source) ? basename(provenance.source.replaceAll('\\', '/')) : provenance.source
  return { ...manifest, provenance: { ...provenance, source }, sha256: weights.sha256, elementsSha256 }
}

/**
 * The description in a file's metadata, or undefined when there is none.
 * @throws EngineError MODEL_DAMAGED when it is not valid
 */
export function readDescription(path: string, metadata: Readonly<Record<string, string>> | undefined): EmbeddedDescription | undefined {
  const text = metadata?.[descriptionKey]
  if (text === undefined) return undefined
  const damaged = (what: string): EngineError => new EngineError('MODEL_DAMAGED', `${path}: its description ${descriptionKey} is not valid: ${what}`, { detail: { path } })
  if (text.length > maximumLength) throw damaged(`it has ${text.length} characters`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged('it is not JSON')
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw damaged(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

/** SHA-256 over the elements of every parameter as they are stored, one tensor in memory at a time. */
export async function hashElements(config: VitConfig, read: (name: string) => Promise<Tensor>, signal?: AbortSignal): Promise<string> {
  const sha256 = createHash('sha256')
  for (const { name } of vitParameters(config)) {
    signal?.throwIfAborted()
    const { data } = await read(name)
    sha256.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return sha256.digest('hex')
}

/** @throws EngineError MODEL_DAMAGED when the tensors are not those that were described */
export async function verifyElements(path: string, { config, elementsSha256 }: EmbeddedDescription, sources: ReadonlyMap<string, TensorSource>): Promise<void> {
  const found = await hashElements(config, async (name) => {
    const source = sources.get(name)
    if (source === undefined) throw new EngineError('MODEL_KEYS', `${path} has no tensor ${name}`, { detail: { path, missing: [name], unexpected: [], wrongShape: [] } })
    return source.read()
  })
  if (found !== elementsSha256)
    throw new EngineError('MODEL_DAMAGED', `${path}: its weights are not those that were written: their hash is ${found}, expected was ${elementsSha256}`, { detail: { path } })
}
