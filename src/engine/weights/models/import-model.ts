/** @file Importing: from anything readable to a model folder that is there whole or not at all. */
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineError, messageOf, type JobContext, type Progress } from '../../contract'
import { partialName, syncFolder } from '../../files'
import { elementCount, toFloat32, type Tensor } from '../../tensor'
import { printable } from '../bytes/printable'
import type { CheckpointKey } from '../layout/select-state'
import type { MatchedParameter } from '../layout/match-parameters'
import { readTensor } from '../safetensors/read'
import { writeSafetensorsFrom, type NamedSource } from '../safetensors/write'
import { openByteSource } from '../bytes/byte-source'
import { weightsFile, writeManifest, type ModelKind, type ModelManifest } from './manifest'
import { openModelFolder, verifyModelFolder, type ModelFolder } from './model-folder'
import { findModelSource, nameOfSource } from './model-source'
import { readSource } from './read-source'
import { importProgress } from './import-progress'
import { numberedId, slugOf } from './slug'

export interface ImportRequest {
  /** A .pth, .pt, .bin or .safetensors file, a Hugging Face folder, a folder with weights, or one of our model folders. */
  readonly source: string
  readonly modelsFolder: string
  /** For people; by default after the file. */
  readonly name?: string
  /** Which network of a training checkpoint; by default the teacher. */
  readonly checkpointKey?: CheckpointKey
}

/** Where a model may go, and what it is then called. */
export interface ModelPlace {
  readonly id: string
  readonly folder: string
}

/** Everything of a manifest that is known before the weights are written. */
type Draft = Omit<ModelManifest, 'schema' | 'id' | 'weights'> & { readonly tensors: readonly NamedSource[] }

const bytesOfFloat = 4
const attempts = 10_000

/**
 * Imports a model as float32 under the official names. Tensors are read, checked and written one at a time.
 * @throws EngineError MODEL_KEYS, MODEL_NOT_FINITE, MODEL_UNSUPPORTED, DISK, CANCELLED or what the reader of the format throws
 */
export async function importModel(request: ImportRequest, context: JobContext<Progress>): Promise<ModelFolder> {
  return withDraft(request, context, (draft) => {
    const slug = slugOf(draft.name)
    const places = Array.from({ length: attempts }, (_, index) => numberedId(slug, index + 1)).map((id) => ({ id, folder: join(request.modelsFolder, id) }))
    return writeModelFolder(places, draft, context)
  })
}

/**
 * {@link importModel} into one place. Where a model has appeared there meanwhile, that one stays.
 * @throws EngineError as importModel, and ALREADY_EXISTS
 */
export async function importModelInto(place: ModelPlace, request: Omit<ImportRequest, 'modelsFolder'>, context: JobContext<Progress>): Promise<ModelFolder> {
  return withDraft(request, context, (draft) => writeModelFolder([place], draft, context))
}

async function withDraft<T>(request: Omit<ImportRequest, 'modelsFolder'>, { signal }: JobContext<Progress>, use: (draft: Draft) => Promise<T>): Promise<T> {
  const source = await findModelSource(resolve(request.source))
  if (source.kind === 'model-folder') return withModelFolder(source.folder, request.name, signal, use)
  const backbone = await readSource(source, request.checkpointKey)
  try {
    const tensors = backbone.parameters.map((parameter) => importedTensor(source.path, parameter))
    const { config, preprocessing, kind, checkpointKey, unexpected } = backbone
    return await use({
      name: request.name ?? nameOfSource(source.path),
      description: describe(source.path, kind, checkpointKey),
      trained: true,
      config,
      preprocessing,
      parameters: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      provenance: { source: source.path, kind, checkpointKey, unexpectedKeys: unexpected, importedAt: new Date().toISOString() },
      tensors,
    })
  } finally {
    await backbone.close()
  }
}

/** A copy of one of our own folders keeps what it says of itself, once its weights have proved to be those it says. */
async function withModelFolder<T>(folder: string, name: string | undefined, signal: AbortSignal, use: (draft: Draft) => Promise<T>): Promise<T> {
  const model = await openModelFolder(folder)
  await verifyModelFolder(model, signal)
  const { manifest, weights } = model
  const source = await openByteSource(weights.path)
  try {
    const tensors = Array.from(weights.tensors, ([tensorName, location]) =>
      importedTensor(folder, { name: tensorName, shape: location.shape, source: { ...location, read: () => readTensor(source, location) } }),
    )
    const provenance = { ...manifest.provenance, source: folder, kind: 'dinoscope' as const, importedAt: new Date().toISOString() }
    return await use({ ...manifest, name: name ?? manifest.name, provenance, tensors })
  } finally {
    await source.close()
  }
}

const floating = new Set(['float32', 'float64', 'float16', 'bfloat16'])

function importedTensor(path: string, { name, shape, source }: MatchedParameter): NamedSource {
  const read = async (): Promise<Tensor> => {
    if (!floating.has(source.dtype))
      throw new EngineError('MODEL_TENSOR', `${path}: tensor ${printable(name)} has elements of ${source.dtype}; floating point was expected`, { detail: { path, tensor: name } })
    const value = toFloat32(await source.read())
    checkFinite(path, name, value.data)
    return value
  }
  return { name, dtype: 'float32', shape, read }
}

/** @throws EngineError MODEL_NOT_FINITE; also for a float64 that float32 cannot hold */
function checkFinite(path: string, name: string, data: Float32Array): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  for (let index = 0; index < bits.length; index++) {
    // All exponent bits set: an infinity or not a number.
    if (((bits[index] ?? 0) & 0x7f800000) !== 0x7f800000) continue
    throw new EngineError('MODEL_NOT_FINITE', `${path}: tensor ${printable(name)} has the value ${String(data[index])} at element ${index}; weights must be finite`, {
      detail: { path, tensor: name, element: index },
    })
  }
}

/** Writes beside the places, then takes the first that is free: whoever comes second finds the name taken. */
async function writeModelFolder(places: readonly ModelPlace[], draft: Draft, { signal, emit }: JobContext<Progress>): Promise<ModelFolder> {
  const { tensors, ...description } = draft
  const parent = dirname(places[0]?.folder ?? '')
  const temporary = join(parent, partialName(slugOf(draft.name), randomBytes(4).toString('hex')))
  try {
    await mkdir(temporary, { recursive: true })
    const onWritten = importProgress(draft.parameters * bytesOfFloat, emit)
    const { sha256, bytes } = await writeSafetensorsFrom(join(temporary, weightsFile), tensors, { signal, onWritten })
    for (const { id, folder } of places) {
      if (await exists(folder)) continue
      await writeManifest(temporary, { ...description, schema: 1, id, weights: { file: weightsFile, sha256, bytes } })
      await openModelFolder(temporary)
      signal.throwIfAborted()
      if (!(await moveTo(temporary, folder))) continue
      await syncFolder(parent)
      return await openModelFolder(folder)
    }
    throw new EngineError('ALREADY_EXISTS', `${places[0]?.folder ?? parent} exists already`, { detail: { path: places[0]?.folder } })
  } catch (error) {
    // What failed first is what is told.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    if (error instanceof EngineError || (error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new EngineError('DISK', `The model cannot be written to ${parent}: ${messageOf(error)}`, { detail: { path: parent }, cause: error })
  }
}

/** False when the name is taken. */
async function moveTo(temporary: string, folder: string): Promise<boolean> {
  try {
    await rename(temporary, folder)
    return true
  } catch (error) {
    // Windows answers EPERM for a folder that exists.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '') && (await exists(folder))) return false
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

const layoutNames: Readonly<Record<ModelKind, string>> = {
  'fb-dino': 'official DINO weights',
  'fb-dinov2': 'official DINOv2 weights',
  'hf-dinov2': 'a Hugging Face Dinov2 model',
  'hf-dinov2-with-registers': 'a Hugging Face Dinov2WithRegisters model',
  'hf-vit': 'a Hugging Face ViT model',
  dinoscope: 'a model folder',
}

/** A sentence such as `Imported from checkpoint.pth: the teacher of a training checkpoint, in the layout of official DINO weights.` */
function describe(path: string, kind: ModelKind, checkpointKey: string | undefined): string {
  const network = checkpointKey === 'teacher' || checkpointKey === 'student' ? `the ${checkpointKey} of a training checkpoint, ` : ''
  return `Imported from ${basename(path)}: ${network}in the layout of ${layoutNames[kind]}.`
}
