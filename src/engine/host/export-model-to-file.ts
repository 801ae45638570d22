/** @file A model to a file that is compared with the engine: what the command line and the app both do. */
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { EngineError, messageOf, type JobContext, type Progress, type WeightPrecision } from '../contract'
import { copyModelFolder, exportModel, type CopiedModel, type ExportedModel, type ModelCheck, type ModelExportOptions } from '../export'
import { loadBackbone } from '../inference'
import { createRuntime, type Runtime } from '../runtime'
import { requireVit, type ModelFolder } from '../weights'

/** With what a written model is compared. */
export interface ComparisonOptions {
  /** Folder of real pictures to compare on. */
  readonly picturesFolder: string
  readonly threads?: number
}

export interface ModelFileRequest extends ModelExportOptions, ComparisonOptions {}

export interface ModelFolderRequest extends ComparisonOptions {
  /** Of a folder that does not exist. */
  readonly path: string
  readonly precision: WeightPrecision | undefined
}

/**
 * {@link exportModel}, checked on the CPU: what is asked is whether the file is right, not what a provider makes of it.
 * @throws EngineError as exportModel, and SOURCE_UNAVAILABLE when there are no pictures
 */
export async function exportModelToFile(model: ModelFolder, { picturesFolder, threads, ...options }: ModelFileRequest, context: JobContext<Progress>): Promise<ExportedModel> {
  return withCheck(model, { picturesFolder, threads }, (check) => exportModel(model, options, check, context))
}

/**
 * {@link copyModelFolder}, compared on the CPU where weights are rounded.
 * @throws EngineError as copyModelFolder, and SOURCE_UNAVAILABLE when there are no pictures
 */
export async function copyModelToFolder(model: ModelFolder, { path, precision, ...comparison }: ModelFolderRequest, signal: AbortSignal): Promise<CopiedModel> {
  return withCheck(model, comparison, (check) => copyModelFolder(path, model, { precision, signal, check }))
}

/** Gives `work` what files are compared with, opened when it is first asked for. */
async function withCheck<T>(model: ModelFolder, { picturesFolder, threads }: ComparisonOptions, work: (check: () => Promise<ModelCheck>) => Promise<T>): Promise<T> {
  const runtimes: Runtime[] = []
  try {
    return await work(async () => {
      const vit = requireVit(model, 'written anew')
      const pictures = await picturesOf(picturesFolder)
      const runtime = await createRuntime({ preferred: 'cpu', threads })
      runtimes.push(runtime)
      return { reference: loadBackbone(runtime, vit), open: runtime.openFile, withWeights: (weights) => loadBackbone(runtime, { ...vit, weights }), pictures }
    })
  } finally {
    for (const runtime of runtimes) await runtime.dispose()
  }
}

async function picturesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder}, whose pictures an export is checked with, cannot be read: ${messageOf(cause)}`, { detail: { path: folder }, cause })
  })
  return names
    .filter((name) => ['.jpg', '.jpeg', '.png', '.webp'].includes(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name))
}
