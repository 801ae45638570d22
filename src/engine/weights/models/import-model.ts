/** @file Importing: from anything readable to a model folder. */
import { basename, resolve } from 'node:path'
import type { JobContext, Progress } from '../../contract'
import { elementCount } from '../../tensor'
import { openByteSource } from '../bytes/byte-source'
import type { CheckpointKey } from '../layout/select-state'
import { readTensor } from '../safetensors/read'
import { placeModel } from './add-model'
import { importedTensor } from './imported-tensor'
import { graphFile, type ModelKind } from './manifest'
import { openModelFolder, requireVit, verifyModelFolder, type VitModelFolder } from './model-folder'
import { findModelSource, nameOfSource } from './model-source'
import { readSource } from './read-source'
import { writeModelFolder, type ModelDraft, type ModelPlace } from './write-model-folder'

export interface ImportRequest {
  /** A .pth, .pt, .bin or .safetensors file, an .onnx file that DinoScope exported, a Hugging Face folder, a folder with weights, or one of our model folders. */
  readonly source: string
  readonly modelsFolder: string
  /** Models that come with the app, whose ids are left to them. */
  readonly bundledFolder?: string
  /** For people; by default after the file. */
  readonly name?: string
  /** Which network of a training checkpoint; by default the teacher. */
  readonly checkpointKey?: CheckpointKey
}

type SourceRequest = Omit<ImportRequest, 'modelsFolder' | 'bundledFolder'>

/**
 * Imports a model as float32 under the official names. Tensors are read, checked and written one at a time.
 * @throws EngineError MODEL_KEYS, MODEL_NOT_FINITE, MODEL_UNSUPPORTED, DISK, CANCELLED or what the reader of the format throws
 */
export async function importModel(request: ImportRequest, context: JobContext<Progress>): Promise<VitModelFolder> {
  return withDraft(request, context, (draft) => placeModel(request, draft, context))
}

/**
 * {@link importModel} into one place. Where a model has appeared there meanwhile, that one stays.
 * @throws EngineError as importModel, and ALREADY_EXISTS
 */
export async function importModelInto(
  place: ModelPlace,
  request: SourceRequest,
  context: JobContext<Progress>,
): Promise<VitModelFolder> {
  return withDraft(request, context, (draft) => writeModelFolder([place], draft, context))
}

async function withDraft<T>(
  request: SourceRequest,
  { signal }: JobContext<Progress>,
  use: (draft: ModelDraft) => Promise<T>,
): Promise<T> {
  const source = await findModelSource(resolve(request.source))
  if (source.kind === 'model-folder') return withModelFolder(source.folder, request.name, signal, use)
  const backbone = await readSource(source, request.checkpointKey)
  try {
    const tensors = backbone.parameters.map((parameter) => importedTensor(source.path, parameter))
    const { config, preprocessing, kind, checkpointKey, unexpected, described } = backbone
    return await use({
      name: request.name ?? described?.name ?? nameOfSource(source.path),
      description: described?.description ?? describe(source.path, kind, checkpointKey),
      trained: described?.trained ?? true,
      config,
      preprocessing,
      parameters: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      provenance: { ...described?.provenance, source: source.path, kind, checkpointKey, unexpectedKeys: unexpected, importedAt: new Date().toISOString() },
      tensors,
    })
  } finally {
    await backbone.close()
  }
}

/** A copy of one of our own folders keeps what it says of itself, once its weights have proved to be those it says. */
async function withModelFolder<T>(folder: string, name: string | undefined, signal: AbortSignal, use: (draft: ModelDraft) => Promise<T>): Promise<T> {
  const model = requireVit(await openModelFolder(folder), `imported as a folder; import its file ${graphFile}`)
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

const layoutNames: Readonly<Record<ModelKind, string>> = {
  'fb-dino': 'official DINO weights',
  'fb-dinov2': 'official DINOv2 weights',
  'hf-dinov2': 'a Hugging Face Dinov2 model',
  'hf-dinov2-with-registers': 'a Hugging Face Dinov2WithRegisters model',
  'hf-vit': 'a Hugging Face ViT model',
  dinoscope: 'a model folder',
  random: 'a model folder',
  onnx: 'an ONNX graph',
}

/** A sentence such as `Imported from checkpoint.pth: the teacher of a training checkpoint, in the layout of official DINO weights.` */
function describe(path: string, kind: ModelKind, checkpointKey: string | undefined): string {
  const network = checkpointKey === 'teacher' || checkpointKey === 'student' ? `the ${checkpointKey} of a training checkpoint, ` : ''
  return `Imported from ${basename(path)}: ${network}in the layout of ${layoutNames[kind]}.`
}
