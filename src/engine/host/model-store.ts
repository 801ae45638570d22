/** @file The models a person can choose from: bundled and imported, each under one id. */
import { basename } from 'node:path'
import { EngineError, type JobContext, type ModelInfo, type OnnxInspection, type OnnxMapping, type Precision, type Progress } from '../contract'
import { architectureOf, fixedSizeOf, givesOf, importAny, inspectOnnx, isVit, listModelFolders, removeModelFolder, type ModelFolder, type TryOnnx } from '../weights'

type Origin = ModelInfo['origin']

export interface ModelFolders {
  readonly bundledFolder: string
  readonly modelsFolder: string
  /** Tries graphs of other makers before they are imported. */
  readonly tryOnnx: TryOnnx
  /** What weights are computed in here; fp32 where nobody says. */
  precisionOf?(sha256: string): Promise<Precision>
}

/** A model folder with what it is computed in, which its folder does not say: fp32 for the graph of another maker, whatever is in it. */
export type UsedModel = ModelFolder & { readonly manifest: { readonly precision: Precision } }

export interface ModelStore {
  list(): Promise<ModelInfo[]>
  /** The same, in the same order, for the engine's own use. */
  folders(): Promise<readonly UsedModel[]>
  /** @throws EngineError NOT_FOUND */
  find(modelId: string): Promise<UsedModel>
  /** As it lies on the disk, for taking it elsewhere. @throws EngineError NOT_FOUND */
  stored(modelId: string): Promise<ModelFolder>
  /** What is told of a model that was written to `folder` just now. @throws EngineError NOT_FOUND when it is gone again */
  describe(folder: string): Promise<ModelInfo>
  /** What an ONNX file of another maker is; undefined for anything else. */
  inspectOnnx(path: string, context: JobContext<Progress>): Promise<OnnxInspection | undefined>
  /** @param onnx how an ONNX file of another maker is read */
  add(path: string, name: string | undefined, onnx: OnnxMapping | undefined, context: JobContext<Progress>): Promise<ModelInfo>
  /** @throws EngineError NOT_FOUND, FORBIDDEN for a bundled model */
  remove(modelId: string): Promise<void>
}

/** What is told of a model. `id` is what it is asked for by: the name of its folder, whatever its manifest says. */
export function modelInfo({ folder, manifest }: ModelFolder, origin: Origin, id: string = basename(folder)): ModelInfo {
  const { config, preprocessing, provenance } = manifest
  return {
    id,
    name: manifest.name,
    origin,
    family: config.family,
    architecture: architectureOf(config),
    gives: givesOf(config),
    fixedSize: fixedSizeOf(config),
    patchSize: config.patchSize,
    dim: config.dim,
    depth: config.depth,
    heads: config.heads,
    registers: config.registers,
    evaluation: { shortEdge: preprocessing.shortEdge, crop: preprocessing.crop },
    parameters: manifest.parameters,
    sizeBytes: manifest.weights.bytes,
    description: manifest.description,
    trained: manifest.trained,
    importedFrom: origin === 'imported' ? provenance.source : undefined,
    unexpectedKeys: provenance.unexpectedKeys,
  }
}

interface Entry {
  readonly id: string
  readonly origin: Origin
  readonly folder: ModelFolder
}

/** Reads the folders anew each time, since models may come and go beside the app. */
export function createModelStore({ bundledFolder, modelsFolder, tryOnnx, precisionOf = () => Promise.resolve('fp32') }: ModelFolders): ModelStore {
  const used = async (folder: ModelFolder): Promise<UsedModel> => {
    if (!isVit(folder)) return { ...folder, manifest: { ...folder.manifest, precision: 'fp32' } }
    return { ...folder, manifest: { ...folder.manifest, precision: await precisionOf(folder.manifest.weights.sha256) } }
  }
  const entries = async (): Promise<readonly Entry[]> => {
    const [bundled, imported] = await Promise.all([listModelFolders(bundledFolder), listModelFolders(modelsFolder)])
    const taken = new Set(bundled.models.map(({ folder }) => basename(folder)))
    return [
      ...bundled.models.map((folder) => ({ id: basename(folder.folder), origin: 'bundled', folder }) as const),
      // A new version of the app may bundle a model under an id that an import already has.
      ...imported.models.map((folder) => ({ id: `${taken.has(basename(folder.folder)) ? 'imported:' : ''}${basename(folder.folder)}`, origin: 'imported', folder }) as const),
    ]
  }
  const find = async (modelId: string): Promise<Entry> => {
    const found = (await entries()).find(({ id }) => id === modelId)
    if (found === undefined) throw new EngineError('NOT_FOUND', `there is no model ${JSON.stringify(modelId)}`, { detail: { modelId } })
    return found
  }
  const describe = async (folder: string): Promise<ModelInfo> => {
    const added = (await entries()).find((entry) => entry.folder.folder === folder)
    if (added === undefined) throw new EngineError('NOT_FOUND', `the model that was just written to ${folder} is gone`, { detail: { path: folder } })
    return modelInfo(added.folder, added.origin, added.id)
  }
  return {
    list: async () => (await entries()).map(({ id, origin, folder }) => modelInfo(folder, origin, id)),
    folders: async () => Promise.all((await entries()).map(({ folder }) => used(folder))),
    find: async (modelId) => used((await find(modelId)).folder),
    stored: async (modelId) => (await find(modelId)).folder,
    describe,
    inspectOnnx: (path, context) => inspectOnnx({ source: path, modelsFolder, tryOnnx }, context),
    add: async (path, name, onnx, context) => {
      const { folder } = await importAny({ source: path, modelsFolder, bundledFolder, name, mapping: onnx, tryOnnx }, context)
      return describe(folder)
    },
    remove: async (modelId) => {
      const { origin, folder } = await find(modelId)
      if (origin === 'bundled') throw new EngineError('FORBIDDEN', `${JSON.stringify(modelId)} comes with the app and cannot be removed`, { detail: { modelId } })
      await removeModelFolder(modelsFolder, basename(folder.folder))
    },
  }
}
