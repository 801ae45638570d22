/** @file Runs as models: the teacher of a run, taken out of its checkpoint when a command line names the run. */
import { basename, join, resolve } from 'node:path'
import { isEngineError, type JobContext } from '../engine/contract'
import { teacherModel } from '../engine/host'
import { openRunFolder, type RunFolder } from '../engine/train'
import type { ModelFolder } from '../engine/weights'

/** `run:ID` names a run of the workspace. */
const runPrefix = 'run:'

/** The run in `folder`, or undefined where there is none. */
export async function existingRun(folder: string): Promise<RunFolder | undefined> {
  return openRunFolder(folder).catch((error: unknown) => {
    if (isEngineError(error, 'NOT_FOUND')) return undefined
    throw error
  })
}

/**
 * The teacher of the run that `name` is the folder of, or the id of in the workspace.
 * @throws EngineError NOT_FOUND, CHECKPOINT when it has none that is valid
 */
export async function runTeacher(name: string, workspace: string, context: JobContext<never>, heads?: 'with heads'): Promise<ModelFolder> {
  const run = (await existingRun(resolve(name))) ?? (await openRunFolder(join(workspace, 'runs', basename(name))))
  return teacherModel(run, 'newest', { modelsFolder: join(workspace, 'cache', 'teachers') }, context, heads)
}

/** The teacher where `model` names a run, by `run:ID` or by its folder; undefined where it names something else. */
export async function namedRunTeacher(model: string, workspace: string, context: JobContext<never>, heads?: 'with heads'): Promise<ModelFolder | undefined> {
  if (model.startsWith(runPrefix)) return runTeacher(model.slice(runPrefix.length), workspace, context, heads)
  return (await existingRun(resolve(model))) === undefined ? undefined : runTeacher(model, workspace, context, heads)
}
