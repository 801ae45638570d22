/** @file Finds the model that a command line names, and makes it ready. */
import { join } from 'node:path'
import { EngineError, type Precision, type ProviderName } from '../engine/contract'
import { createKeptPrecisions, precisionFile, precisionOf } from '../engine/host'
import { loadBackbone, type Backbone } from '../engine/inference'
import { createRuntime, type Runtime } from '../engine/runtime'
import { isVit, listModelFolders, requireVit, resolveModel, type ModelFolder, type ModelPlaces } from '../engine/weights'
import { defaultWorkspace, findAppFolders } from '../shell'
import type { CommandContext } from './context'
import { namedRunTeacher } from './run-models'

/** Options of every command that runs a model. */
export interface ModelOptions {
  readonly model?: string
  readonly workspace?: string
  readonly provider?: ProviderName
  readonly threads?: number
  /** By default what was chosen for the model in the workspace that is named, else fp32. */
  readonly precision?: Precision
}

/** Where models are looked for. */
export function modelPlaces(workspace: string = defaultWorkspace()): ModelPlaces {
  return {
    bundledFolder: join(findAppFolders().resources, 'models'),
    modelsFolder: join(workspace, 'models'),
    cacheFolder: join(workspace, 'cache', 'models'),
  }
}

/** The bundled model that is used when none is named: a trained one where there is one. */
async function bundledModel({ bundledFolder }: ModelPlaces): Promise<ModelFolder> {
  const { models } = await listModelFolders(bundledFolder)
  const model = models.find(({ manifest }) => manifest.trained) ?? models[0]
  if (model === undefined) throw new EngineError('NOT_FOUND', `no model comes with this copy of the app (looked in ${bundledFolder}); name one with --model`)
  return model
}

/** The model, or run, that `--model` names, or the bundled model. @throws EngineError NOT_FOUND, or what importing throws */
export async function chooseModel({ model, workspace }: ModelOptions, context: CommandContext): Promise<ModelFolder> {
  const places = modelPlaces(workspace)
  const chosen = model === undefined ? await bundledModel(places) : ((await namedRunTeacher(model, workspace ?? defaultWorkspace(), context)) ?? (await resolveModel(model, places, context)))
  if (!chosen.manifest.trained) context.terminal.note(`Note: the model "${chosen.manifest.name}" is untrained; its features mean nothing.`)
  return chosen
}

/** What was chosen in a workspace, where its provider has it: so the vectors that the app has kept there are found. */
async function chosenPrecision(workspace: string, sha256: string, runtime: Runtime, { terminal }: CommandContext): Promise<Precision> {
  const kept = createKeptPrecisions(join(workspace, precisionFile), terminal.note)
  const precision = await precisionOf(kept, Promise.resolve(runtime), sha256)
  if (precision !== 'fp32') terminal.note(`Computed in ${precision}, as was chosen for this model in the workspace.`)
  return precision
}

async function openBackbone(folder: ModelFolder, { workspace, precision }: ModelOptions, runtime: Runtime, context: CommandContext): Promise<Backbone> {
  if (!isVit(folder)) return loadBackbone(runtime, folder)
  const { manifest } = folder
  const chosen = precision ?? (workspace === undefined ? 'fp32' : await chosenPrecision(workspace, manifest.weights.sha256, runtime, context))
  return loadBackbone(runtime, { ...folder, manifest: { ...manifest, precision: chosen } })
}

/**
 * Runs `work` with the chosen model, and frees it afterwards.
 * @throws EngineError BAD_REQUEST for a precision that the provider does not compute in, MODEL_UNSUPPORTED for another than fp32 of a
 * graph of another maker, and what `work` throws
 */
export async function withBackbone<T>(options: ModelOptions, context: CommandContext, work: (backbone: Backbone, runtime: Runtime) => Promise<T>): Promise<T> {
  const folder = await chooseModel(options, context)
  if (options.precision !== undefined && options.precision !== 'fp32') requireVit(folder, 'computed in another precision')
  // Integers are the CPU's.
  const preferred = options.provider ?? (options.precision === 'int8' ? 'cpu' : undefined)
  const runtime = await createRuntime({ preferred, threads: options.threads })
  try {
    return await work(await openBackbone(folder, options, runtime, context), runtime)
  } finally {
    await runtime.dispose()
  }
}
