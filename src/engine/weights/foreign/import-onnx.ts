/** @file Importing an ONNX graph of another maker: checked, copied, tried in a process of its own, and only then given a name. */
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { EngineError, type JobContext, type OnnxInspection, type OnnxMapping, type Progress } from '../../contract'
import { syncFolder } from '../../files'
import type { OnnxOutline } from '../../onnx'
import { createProgress } from '../../progress'
import type { Preprocessing } from '../layout/config-file'
import { bytesAsSource } from '../bytes/byte-source'
import { freePlaces, type ModelsPlace } from '../models/add-model'
import { graphFile, type ModelFile, type OnnxManifest } from '../models/manifest'
import { openModelFolder, type OnnxModelFolder } from '../models/model-folder'
import { nameOfSource } from '../models/model-source'
import { placeFolder, withTemporaryFolder } from '../models/write-model-folder'
import { isOwn } from '../onnx-checkpoint'
import { choicesOf, completeMapping, configOf, onlySizeOf, proposeMapping } from './choices'
import { statedNormalisation, usualNormalisation, type Normalisation } from './normalisation'
import type { OnnxConfig } from './onnx-config'
import { openOnnx, type OpenedOnnx } from './open-onnx'
import { describeValue, pictureInput, type OnnxTrial, type PictureInput, type TryOnnx } from './trial'

export interface OnnxInspectRequest {
  readonly source: string
  /** Where the copy that is tried lies meanwhile. */
  readonly modelsFolder: string
  readonly tryOnnx: TryOnnx
}

export interface OnnxImportRequest extends OnnxInspectRequest, ModelsPlace {
  /** For people; by default after the file. */
  readonly name?: string | undefined
  /** What is not told is as {@link inspectOnnx} proposes it. */
  readonly mapping?: Partial<OnnxMapping> | undefined
}

/** A graph in a folder of its own, tried. */
interface Tried {
  readonly input: PictureInput
  readonly trial: OnnxTrial
  readonly files: readonly ModelFile[]
}

const copiedBytes = 4 * 2 ** 20

/**
 * Looks at a foreign ONNX file: what it takes and gives, and how it could be read. A copy is run, and deleted.
 * Undefined for a file of another kind, and for one that DinoScope exported with the weights it needs.
 * @throws EngineError as {@link openOnnx}; MODEL_UNSUPPORTED for what is no model of pictures, MODEL_RESOURCE, DISK
 */
export async function inspectOnnx({ source, modelsFolder, tryOnnx }: OnnxInspectRequest, context: JobContext<Progress>): Promise<OnnxInspection | undefined> {
  if (!(await isOnnxFile(source))) return undefined
  return withOpened(source, async (opened) => {
    const { outline } = opened
    if (isOwn(outline)) return undefined
    const name = nameOfSource(source)
    const { trial, files } = await withTemporaryFolder(modelsFolder, name, (temporary) => tryCopy(opened, temporary, tryOnnx, context))
    const choices = choicesOf(trial)
    return {
      name,
      sizeBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      parameters: outline.parameters,
      inputs: outline.inputs,
      outputs: outline.outputs,
      fixedSize: onlySizeOf(trial),
      choices,
      proposal: proposeMapping(choices, trial, await normalisationOf(source, outline)),
    }
  })
}

/**
 * Imports a foreign ONNX file as it is, with what it refers to.
 * @throws EngineError as {@link inspectOnnx}; BAD_REQUEST for a mapping that the graph contradicts
 */
export async function importOnnx(request: OnnxImportRequest, context: JobContext<Progress>): Promise<OnnxModelFolder> {
  const { source, tryOnnx, name = nameOfSource(source) } = request
  return withOpened(source, async (opened) => {
    const { parameters, producer } = opened.outline
    const folder = await placeFolder(await freePlaces(request, name), name, context.signal, async (temporary) => {
      const { input, trial, files } = await tryCopy(opened, temporary, tryOnnx, context)
      const mapping = completeMapping(choicesOf(trial), trial, await normalisationOf(source, opened.outline), request.mapping ?? {})
      const config = configOf(source, input, trial, mapping, parameters)
      const manifest: Omit<OnnxManifest, 'id'> = {
        schema: 1,
        name,
        description: describe(source, producer, config),
        trained: true,
        config,
        preprocessing: preprocessingOf(mapping, config),
        parameters,
        weights: { file: graphFile, sha256: identityOf(files, config), bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files },
        provenance: { source, kind: 'onnx', unexpectedKeys: [], importedAt: new Date().toISOString() },
      }
      return (id) => ({ ...manifest, id })
    })
    return (await openModelFolder(folder)) as OnnxModelFolder
  })
}

/**
 * Checks a model folder's graph as it is checked when it is imported: the folder may have come from anywhere.
 * @throws EngineError as {@link openOnnx}
 */
export async function checkOnnxFolder({ graph }: OnnxModelFolder): Promise<void> {
  await (await openOnnx(graph)).close()
}

async function normalisationOf(source: string, { producer }: OnnxOutline): Promise<Normalisation> {
  return (await statedNormalisation(source)) ?? usualNormalisation(`${basename(source)} ${producer}`)
}

async function isOnnxFile(path: string): Promise<boolean> {
  return extname(path).toLowerCase() === '.onnx' && stat(path).then((found) => found.isFile(), () => false)
}

/** Whether a path is an ONNX file that is read by a mapping, and not by weights that DinoScope knows. @throws EngineError as {@link openOnnx} */
export async function isForeignOnnx(path: string): Promise<boolean> {
  return (await isOnnxFile(path)) && withOpened(path, ({ outline }) => Promise.resolve(!isOwn(outline)))
}

async function withOpened<T>(source: string, work: (opened: OpenedOnnx) => Promise<T>): Promise<T> {
  const opened = await openOnnx(source)
  try {
    return await work(opened)
  } finally {
    await opened.close()
  }
}

async function tryCopy(opened: OpenedOnnx, folder: string, tryOnnx: TryOnnx, { signal, emit }: JobContext<Progress>): Promise<Tried> {
  const { path, outline } = opened
  const input = pictureInput(path, outline)
  const files = await copyTo(opened, folder, { signal, emit })
  signal.throwIfAborted()
  createProgress('Trying the model', 1, emit)
  const trial = await tryOnnx({ path: join(folder, graphFile), input }, signal)
  if (choicesOf(trial).length === 0) {
    const found = trial.square.outputs.map((output) => `${describeValue(output)}${output.isFinite ? '' : ' with numbers that are not finite'}`)
    throw new EngineError('MODEL_UNSUPPORTED', `${path} gives nothing that could be looked through for a picture of ${trial.square.width} × ${trial.square.width}: ${found.join(', ')}; what is needed is float32 [1, tokens, width], [1, width, rows, columns] or [1, width]`, {
      detail: { path, found, missing: ['float32 [1, tokens, width]'] },
    })
  }
  return { input, trial, files }
}

/** The very bytes that were checked, from the files that were opened then. */
async function copyTo({ bytes, siblings }: OpenedOnnx, folder: string, { signal, emit }: JobContext<Progress>): Promise<ModelFile[]> {
  const sources = [[graphFile, bytesAsSource(graphFile, bytes)] as const, ...siblings]
  const progress = createProgress('Import model', sources.reduce((sum, [, { size }]) => sum + size, 0), emit)
  const files: ModelFile[] = []
  for (const [name, source] of sources) {
    const sha256 = createHash('sha256')
    const handle = await open(join(folder, name), 'wx')
    try {
      for (let offset = 0; offset < source.size; offset += copiedBytes) {
        signal.throwIfAborted()
        const chunk = await source.read(offset, Math.min(copiedBytes, source.size - offset))
        sha256.update(chunk)
        await handle.writeFile(chunk)
        progress.advance(chunk.length)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    files.push({ name, sha256: sha256.digest('hex'), bytes: source.size })
  }
  await syncFolder(folder)
  progress.finish()
  return files
}

/** The same file read in another way gives other vectors. */
function identityOf(files: readonly ModelFile[], config: OnnxConfig): string {
  return createHash('sha256').update(JSON.stringify([files.map(({ name, sha256 }) => [name, sha256]), config])).digest('hex')
}

/** As the reference evaluates: the short edge an eighth longer than the crop, 256 for 224. */
function preprocessingOf({ mean, std, size }: OnnxMapping, { patchSize, output }: OnnxConfig): Preprocessing {
  return { shortEdge: Math.max(Math.round((size * 8) / 7), output.form === 'vector' ? size : patchSize), crop: size, mean, std }
}

const readings = { tokens: 'Tokens are', map: 'A feature map is', 'map-last': 'A feature map is', vector: 'One vector of each picture is' } as const

function describe(source: string, producer: string, { output, fixedSize, attention }: OnnxConfig): string {
  const parts = [`Imported from ${basename(source)}${producer === '' ? '' : `, written by ${producer.slice(0, 60)}`}: an ONNX graph that is run as it is.`]
  parts.push(`${readings[output.form]} read from its output ${output.name}${attention.length === 0 ? '' : `, attention from ${attention.length} of the others`}.`)
  if (fixedSize !== undefined && output.form !== 'vector') parts.push(`It takes pictures of ${fixedSize} × ${fixedSize} pixels alone.`)
  return parts.join(' ')
}
