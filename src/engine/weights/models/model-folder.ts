/** @file Model folders on disk: opening, checking, listing and removing them. */
import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EngineError, isEngineError, messageOf, type FileProblem } from '../../contract'
import { isPartialName, partialName, syncFolder } from '../../files'
import { vitParameters } from '../../nn'
import { elementCount, formatShape } from '../../tensor'
import { openByteSource } from '../bytes/byte-source'
import { readSafetensorsIndex } from '../safetensors/read'
import type { SafetensorsIndex } from '../safetensors/header'
import { graphFile, readManifest, weightsFile, type OnnxManifest, type VitManifest } from './manifest'
import { isModelId } from './slug'

/** A vision transformer that is ready to be used: its weights are referenced where they lie. */
export interface VitModelFolder {
  /** Absolute. */
  readonly folder: string
  readonly manifest: VitManifest
  readonly weights: SafetensorsIndex
}

/** A graph of another maker that is ready to be used. */
export interface OnnxModelFolder {
  /** Absolute. */
  readonly folder: string
  readonly manifest: OnnxManifest
  /** Path of the graph; what it refers to lies beside it. */
  readonly graph: string
}

export type ModelFolder = VitModelFolder | OnnxModelFolder

export function isVit<M extends ModelFolder>(model: M): model is Extract<M, VitModelFolder> {
  return model.manifest.config.family !== 'onnx'
}

/**
 * The model as a vision transformer whose weights are known.
 * @param what ends the sentence `<name> … and cannot be `: exported, for example
 * @throws EngineError MODEL_UNSUPPORTED
 */
export function requireVit<M extends ModelFolder>(model: M, what: string): Extract<M, VitModelFolder> {
  if (isVit(model)) return model
  const { id, name } = model.manifest
  throw new EngineError('MODEL_UNSUPPORTED', `${JSON.stringify(name)} is an ONNX graph of another maker, which is run as it is: it cannot be ${what}`, { detail: { modelId: id } })
}

/** The models of a folder, and what could not be opened with its reason. */
export interface ModelListing {
  readonly models: readonly ModelFolder[]
  readonly problems: readonly FileProblem[]
}

const hashedBytes = 4 * 2 ** 20

/**
 * Opens a model folder: the manifest is validated, and the weights file has the size and exactly the parameters the
 * manifest implies. The hash of the weights is not computed here; see {@link verifyModelFolder}.
 * @throws EngineError NOT_FOUND, MODEL_DAMAGED, MODEL_HEADER, MODEL_TENSOR
 */
export async function openModelFolder(folder: string): Promise<ModelFolder> {
  const absolute = resolve(folder)
  const manifest = await readManifest(absolute)
  return manifest.config.family === 'onnx' ? openOnnxFolder(absolute, manifest as OnnxManifest) : openVitFolder(absolute, manifest as VitManifest)
}

async function openOnnxFolder(folder: string, manifest: OnnxManifest): Promise<OnnxModelFolder> {
  for (const { name, bytes } of manifest.weights.files) {
    const path = join(folder, name)
    const source = await openByteSource(path)
    await source.close()
    if (source.size !== bytes) throw new EngineError('MODEL_DAMAGED', `${path} has ${source.size} bytes; ${bytes} were written`, { detail: { path } })
  }
  return { folder, manifest, graph: join(folder, graphFile) }
}

async function openVitFolder(absolute: string, manifest: VitManifest): Promise<VitModelFolder> {
  const path = join(absolute, weightsFile)
  const weights = await readSafetensorsIndex(path)
  const damaged = (what: string): EngineError => new EngineError('MODEL_DAMAGED', `${path} ${what}`, { detail: { path } })

  const last = [...weights.tensors.values()].at(-1)
  const bytes = last === undefined ? 0 : last.offset + last.byteLength
  if (bytes !== manifest.weights.bytes) throw damaged(`has ${bytes} bytes; ${manifest.weights.bytes} were written`)
  const specs = vitParameters(manifest.config)
  for (const { name, shape } of specs) {
    const found = weights.tensors.get(name)
    if (found === undefined) throw damaged(`lacks ${name}`)
    if (formatShape(found.shape) !== formatShape(shape))
      throw damaged(`has ${name} of shape ${formatShape(found.shape)}; ${formatShape(shape)} was expected`)
    if (found.dtype !== 'float32' && found.dtype !== 'float16') throw damaged(`has ${name} as ${found.dtype}; float32 or float16 was expected`)
  }
  if (weights.tensors.size !== specs.length) throw damaged(`has ${weights.tensors.size} tensors; ${specs.length} were expected`)
  const parameters = specs.reduce((sum, { shape }) => sum + elementCount(shape), 0)
  if (parameters !== manifest.parameters) throw damaged(`has ${parameters} parameters; its description says ${manifest.parameters}`)
  return { folder: absolute, manifest, weights }
}

/** SHA-256 of a file as lower-case hex, read in pieces. */
export async function hashFile(path: string, signal?: AbortSignal, onHashed?: (bytes: number) => void): Promise<string> {
  const source = await openByteSource(path)
  try {
    const hash = createHash('sha256')
    for (let offset = 0; offset < source.size; offset += hashedBytes) {
      signal?.throwIfAborted()
      const chunk = await source.read(offset, Math.min(hashedBytes, source.size - offset))
      hash.update(chunk)
      onHashed?.(chunk.length)
    }
    return hash.digest('hex')
  } finally {
    await source.close()
  }
}

/**
 * Reads all of the weights and compares them with the hash in the manifest.
 * @throws EngineError MODEL_DAMAGED
 */
export async function verifyModelFolder(model: ModelFolder, signal?: AbortSignal): Promise<void> {
  const files = isVit(model) ? [{ name: weightsFile, sha256: model.manifest.weights.sha256 }] : model.manifest.weights.files
  for (const { name, sha256 } of files) {
    const path = join(model.folder, name)
    const found = await hashFile(path, signal)
    if (found !== sha256) throw new EngineError('MODEL_DAMAGED', `${path} has changed since it was written: its hash is ${found}, expected was ${sha256}`, { detail: { path } })
  }
}

/** Every model below `modelsFolder`, by name. A folder that does not exist has none. */
export async function listModelFolders(modelsFolder: string): Promise<ModelListing> {
  const models: ModelFolder[] = []
  const problems: FileProblem[] = []
  for (const name of await folderNames(modelsFolder)) {
    try {
      models.push(await openModelFolder(join(modelsFolder, name)))
    } catch (error) {
      const code = isEngineError(error) ? error.code : 'INTERNAL'
      problems.push({ relativePath: name, code, reason: messageOf(error) })
    }
  }
  return { models: models.sort((a, b) => a.manifest.name.localeCompare(b.manifest.name, 'en')), problems }
}

/** The names of the folders in `modelsFolder`, whole models or not. @throws EngineError SOURCE_UNAVAILABLE */
export async function folderNames(modelsFolder: string): Promise<string[]> {
  try {
    const entries = await readdir(modelsFolder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && !isPartialName(entry.name)).map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new EngineError('SOURCE_UNAVAILABLE', `${modelsFolder} cannot be read: ${messageOf(error)}`, {
      detail: { path: modelsFolder },
      cause: error,
    })
  }
}

/**
 * Removes a model by its id. It is renamed first, so that it is gone at once even if deleting takes long or fails.
 * @throws EngineError NOT_FOUND, DISK
 */
export async function removeModelFolder(modelsFolder: string, id: string): Promise<void> {
  const names = await folderNames(modelsFolder)
  if (!isModelId(id) || !names.includes(id))
    throw new EngineError('NOT_FOUND', `There is no imported model ${JSON.stringify(id)}`, { detail: { id } })
  const doomed = join(modelsFolder, partialName(id, randomBytes(4).toString('hex')))
  try {
    await rename(join(modelsFolder, id), doomed)
    await syncFolder(modelsFolder)
    await rm(doomed, { recursive: true, force: true })
  } catch (error) {
    throw new EngineError('DISK', `The model ${id} cannot be removed: ${messageOf(error)}`, { detail: { id }, cause: error })
  }
}

/** An import that is older has been interrupted; a younger one may be another instance's, still at work. */
const unfinishedAfterMs = 24 * 60 * 60 * 1000

/** Deletes what interrupted imports and removals have left. For the start of the engine. */
export async function removeUnfinished(modelsFolder: string, olderThanMs: number = unfinishedAfterMs): Promise<void> {
  const entries = await readdir(modelsFolder).catch(() => [])
  for (const name of entries.filter(isPartialName)) {
    const path = join(modelsFolder, name)
    const changed = await stat(path).then(({ mtimeMs }) => mtimeMs, () => undefined)
    if (changed !== undefined && Date.now() - changed >= olderThanMs) await rm(path, { recursive: true, force: true })
  }
}
