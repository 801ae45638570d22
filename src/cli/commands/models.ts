/** @file `dinoscope models`: what there is, bring one in, throw one out. */
import { importAny, listModelFolders, removeModelFolder, type CheckpointKey, type ModelFolder } from '../../engine/weights'
import { createOnnxTrials, forkTrainer, modelInfo } from '../../engine/host'
import type { ModelInfo, OnnxMapping } from '../../engine/contract'
import { findAppFolders } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { modelPlaces } from '../models'

export interface WorkspaceOption {
  readonly workspace?: string
}

export interface ImportOptions extends WorkspaceOption {
  readonly name?: string
  readonly key?: CheckpointKey
  /** How an ONNX file of another maker is read; what is not told is proposed by the file. */
  readonly output?: string
  readonly leadingTokens?: number
  readonly mean?: OnnxMapping['mean']
  readonly std?: OnnxMapping['std']
  readonly size?: number
}

function describe(model: ModelInfo): string {
  return `${model.id.padEnd(28)} ${model.architecture.padEnd(24)} ${(model.parameters / 1e6).toFixed(1).padStart(7)} M  ${model.origin.padEnd(8)}  ${model.name}${model.trained ? '' : ' (untrained)'}`
}

/** Every model, and every folder that should be one and is not. */
export async function listModels({ workspace }: WorkspaceOption, { terminal }: CommandContext): Promise<CommandResult> {
  const { bundledFolder, modelsFolder } = modelPlaces(workspace)
  const [bundled, imported] = await Promise.all([listModelFolders(bundledFolder), listModelFolders(modelsFolder)])
  const problems = [...bundled.problems, ...imported.problems]
  const models = [...bundled.models.map((folder) => modelInfo(folder, 'bundled')), ...imported.models.map((folder) => modelInfo(folder, 'imported'))]
  for (const problem of problems) terminal.note(`${problem.relativePath}: ${problem.code}: ${problem.reason}`)
  terminal.result({ models, problems }, models.map(describe))
  return problems.length === 0 ? exitCodes.done : exitCodes.failed
}

/** A graph of another maker is tried in a process of its own; so is one of ours that is asked for by its outputs. */
async function importNamed(source: string, { workspace, name, key, output, leadingTokens, mean, std, size }: ImportOptions, context: CommandContext): Promise<ModelFolder> {
  const { bundledFolder, modelsFolder } = modelPlaces(workspace)
  const wishes = { output, leadingTokens, mean, std, size }
  const mapping = Object.values(wishes).some((wish) => wish !== undefined) ? wishes : undefined
  const tryOnnx = createOnnxTrials(() => forkTrainer(findAppFolders().trainerModule))
  return importAny({ source, modelsFolder, bundledFolder, name, checkpointKey: key, mapping, tryOnnx }, context)
}

/** Brings a model into the workspace. */
export async function importIntoWorkspace(
  source: string,
  options: ImportOptions,
  context: CommandContext,
): Promise<CommandResult> {
  const folder = await importNamed(source, options, context)
  const info = modelInfo(folder, 'imported')
  context.terminal.result({ model: info, folder: folder.folder }, [
    `Imported ${info.name} as ${info.id}: ${info.architecture}, ${(info.parameters / 1e6).toFixed(1)} M parameters.`,
    info.description,
    ...(info.unexpectedKeys.length === 0 ? [] : [`${info.unexpectedKeys.length} names in the file are no part of the backbone: ${info.unexpectedKeys.slice(0, 8).join(', ')}${info.unexpectedKeys.length > 8 ? ', …' : ''}`]),
  ])
  return exitCodes.done
}

/** Removes an imported model. */
export async function removeFromWorkspace(id: string, { workspace }: WorkspaceOption, { terminal }: CommandContext): Promise<CommandResult> {
  await removeModelFolder(modelPlaces(workspace).modelsFolder, id)
  terminal.result({ removed: id }, [`Removed ${id}.`])
  return exitCodes.done
}
