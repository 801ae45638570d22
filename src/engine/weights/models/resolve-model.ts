/** @file Finds the model somebody named: a bundled one, one of the workspace, or anything importable by its path. */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { EngineError, isEngineError, type JobContext, type Progress } from '../../contract'
import { importModelInto } from './import-model'
import { hashFile, listModelFolders, openModelFolder, type ModelFolder } from './model-folder'
import { findModelSource, nameOfSource, type ModelSource } from './model-source'
import { isModelId, slugOf } from './slug'

export interface ModelPlaces {
  readonly bundledFolder: string
  readonly modelsFolder: string
  /** For models named by path: imported once, found again by their content. */
  readonly cacheFolder: string
}

/** Changes when the same file would be imported differently. */
const importVersion = 1

/**
 * Opens a model by bundled id or name, by workspace id or name, or by path. Ids come before names, names before paths.
 * @throws EngineError NOT_FOUND naming the known models, or what importing throws
 */
export async function resolveModel(nameOrPath: string, places: ModelPlaces, context: JobContext<Progress>): Promise<ModelFolder> {
  const named = (await findById(nameOrPath, places)) ?? (await findByName(nameOrPath, places))
  if (named !== undefined) return named
  const source = await findModelSource(resolve(nameOrPath)).catch(async (error: unknown) => {
    if (!isEngineError(error, 'SOURCE_UNAVAILABLE')) throw error
    throw await notFound(nameOrPath, places)
  })
  return source.kind === 'model-folder' ? openModelFolder(source.folder) : openCached(source, places.cacheFolder, context)
}

async function findById(id: string, { bundledFolder, modelsFolder }: ModelPlaces): Promise<ModelFolder | undefined> {
  if (!isModelId(id)) return undefined
  for (const parent of [bundledFolder, modelsFolder]) {
    try {
      return await openModelFolder(join(parent, id))
    } catch (error) {
      if (!isEngineError(error, 'NOT_FOUND')) throw error
    }
  }
  return undefined
}

async function findByName(name: string, { bundledFolder, modelsFolder }: ModelPlaces): Promise<ModelFolder | undefined> {
  for (const parent of [bundledFolder, modelsFolder]) {
    const { models } = await listModelFolders(parent)
    const found = models.find(({ manifest }) => manifest.name === name)
    if (found !== undefined) return found
  }
  return undefined
}

async function notFound(name: string, { bundledFolder, modelsFolder }: ModelPlaces): Promise<EngineError> {
  const listings = await Promise.all([bundledFolder, modelsFolder].map(listModelFolders))
  const known = listings.flatMap(({ models }) => models.map(({ folder }) => basename(folder)))
  return new EngineError(
    'NOT_FOUND',
    `There is no model ${JSON.stringify(name)}, nor a file or folder of that path. Known models: ${known.join(', ') || 'none'}`,
    {
      detail: { name, known },
    },
  )
}

async function openCached(
  source: Extract<ModelSource, { readonly kind: 'weights' }>,
  cacheFolder: string,
  context: JobContext<Progress>,
): Promise<ModelFolder> {
  const key = await contentKey(source, context.signal)
  const name = nameOfSource(source.path)
  const folder = join(cacheFolder, key)
  try {
    return await openModelFolder(folder)
  } catch {
    // Absent, or damaged: what the cache lost can be had again.
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return await importModelInto({ id: `${slugOf(name)}-${key.slice(0, 8)}`, folder }, { source: source.path, name }, context)
  } catch (error) {
    // Another process has imported the same file meanwhile.
    if (isEngineError(error, 'ALREADY_EXISTS')) return openModelFolder(folder)
    throw error
  }
}

/** A hash over everything the import depends on. */
async function contentKey(
  { files, configFile, preprocessorFile }: Extract<ModelSource, { readonly kind: 'weights' }>,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update(`import ${importVersion}`)
  for (const file of [...files, configFile, preprocessorFile]) hash.update(file === undefined ? '\nnone' : `\n${await hashFile(file, signal)}`)
  return hash.digest('hex').slice(0, 32)
}
