/** @file The models a person can choose from: bundled and imported, each under an id that tells which. */
import { EngineError, type JobContext, type ModelInfo, type Progress } from '../contract'
import { architectureName } from '../nn'
import { importModel, listModelFolders, removeModelFolder, type ModelFolder } from '../weights'

type Origin = ModelInfo['origin']

export interface ModelFolders {
  readonly bundledFolder: string
  readonly modelsFolder: string
}

export interface ModelStore {
  list(): Promise<ModelInfo[]>
  /** @throws EngineError NOT_FOUND */
  find(modelId: string): Promise<ModelFolder>
  add(path: string, name: string | undefined, context: JobContext<Progress>): Promise<ModelInfo>
  /** @throws EngineError NOT_FOUND, FORBIDDEN for a bundled model */
  remove(modelId: string): Promise<void>
}

/** What is told of a model. */
export function modelInfo({ manifest }: ModelFolder, origin: Origin): ModelInfo {
  const { config, provenance } = manifest
  return {
    id: `${origin}:${manifest.id}`,
    name: manifest.name,
    origin,
    family: config.family,
    architecture: architectureName(config),
    patchSize: config.patchSize,
    dim: config.dim,
    depth: config.depth,
    heads: config.heads,
    registers: config.registers,
    parameters: manifest.parameters,
    sizeBytes: manifest.weights.bytes,
    description: manifest.description,
    trained: manifest.trained,
    importedFrom: origin === 'imported' ? provenance.source : undefined,
    unexpectedKeys: provenance.unexpectedKeys,
  }
}

/** Reads the folders anew each time, since models may come and go beside the app. */
export function createModelStore({ bundledFolder, modelsFolder }: ModelFolders): ModelStore {
  const foldersOf = async (origin: Origin): Promise<readonly ModelFolder[]> => (await listModelFolders(origin === 'bundled' ? bundledFolder : modelsFolder)).models
  const notFound = (modelId: string): EngineError => new EngineError('NOT_FOUND', `there is no model ${JSON.stringify(modelId)}`, { detail: { modelId } })
  const split = (modelId: string): readonly [Origin, string] => {
    const [origin = '', id = ''] = modelId.split(':', 2)
    if (origin !== 'bundled' && origin !== 'imported') throw notFound(modelId)
    return [origin, id]
  }
  return {
    list: async () => {
      const [bundled, imported] = await Promise.all([foldersOf('bundled'), foldersOf('imported')])
      return [...bundled.map((folder) => modelInfo(folder, 'bundled')), ...imported.map((folder) => modelInfo(folder, 'imported'))]
    },
    find: async (modelId) => {
      const [origin, id] = split(modelId)
      const found = (await foldersOf(origin)).find(({ manifest }) => manifest.id === id)
      if (found === undefined) throw notFound(modelId)
      return found
    },
    add: async (path, name, context) => modelInfo(await importModel({ source: path, modelsFolder, name }, context), 'imported'),
    remove: async (modelId) => {
      const [origin, id] = split(modelId)
      if (origin === 'bundled') throw new EngineError('FORBIDDEN', `${JSON.stringify(id)} comes with the app and cannot be removed`, { detail: { modelId } })
      await removeModelFolder(modelsFolder, id)
    },
  }
}
