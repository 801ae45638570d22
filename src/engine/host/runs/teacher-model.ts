/** @file The teacher of a run as a model like any other: its backbone, taken out of a checkpoint. */
import { EngineError, type JobContext, type Progress } from '../../contract'
import { vitParameters } from '../../nn'
import { bestCheckpoint, loadCheckpoint, newestCheckpoint, parseRecipe, readRunRecipe, recipeConfig, trainedPreprocessing, type CheckpointInfo, type RunFolder } from '../../train'
import { formatShape, type Shape } from '../../tensor'
import { addModel, listModelFolders, type ModelFolder, type ModelManifest, type ModelsPlace, type TensorSource } from '../../weights'

/** Names of the tensors of a checkpoint's teacher begin with the part of the network they belong to. */
const backbonePrefix = 'backbone.'
const sourcePattern = /^run \S+, step \d+$/

const sourceOf = (run: RunFolder, step: number): string => `run ${run.description.id}, step ${step}`

/** Whether a model was taken from a run. */
export function isRunTeacher({ provenance }: ModelManifest): boolean {
  return sourcePattern.test(provenance.source)
}

async function findCheckpoint(run: RunFolder, which: 'newest' | 'best', signal: AbortSignal): Promise<CheckpointInfo> {
  const best = which === 'best' ? (await bestCheckpoint(run, { signal })).checkpoint : undefined
  const found = best ?? (await newestCheckpoint(run, { signal })).checkpoint
  if (found !== undefined) return found
  throw new EngineError('CHECKPOINT', `${JSON.stringify(run.description.name)} has no checkpoint yet, so there is no teacher to look with; wait for the first one`, { detail: { runId: run.description.id } })
}

function teacherTensor(teacher: ReadonlyMap<string, TensorSource> | undefined, name: string, shape: Shape, folder: string): TensorSource {
  const source = teacher?.get(backbonePrefix + name)
  if (source !== undefined && formatShape(source.shape) === formatShape(shape)) return source
  throw new EngineError('CHECKPOINT', `The checkpoint in ${folder} has ${source === undefined ? 'no' : 'another shape of'} ${backbonePrefix}${name} of its teacher`, { detail: { path: folder, tensor: name } })
}

/**
 * The teacher of the newest valid checkpoint, or of the best one where one was marked. The same checkpoint gives the same
 * model: a second request finds what the first one wrote.
 * @throws EngineError CHECKPOINT when there is none or none can be read, DISK, RECIPE; the signal's reason
 */
export async function teacherModel(run: RunFolder, which: 'newest' | 'best', place: ModelsPlace, context: JobContext<Progress>): Promise<ModelFolder> {
  const found = await findCheckpoint(run, which, context.signal)
  const { description } = run
  const source = sourceOf(run, found.step)
  const known = (await listModelFolders(place.modelsFolder)).models.find(({ manifest }) => manifest.provenance.source === source)
  if (known !== undefined) return known

  const recipe = parseRecipe(await readRunRecipe(run))
  const config = recipeConfig(recipe)
  const checkpoint = await loadCheckpoint(found)
  try {
    const teacher = checkpoint.tensors.get('teacher')
    return await addModel(
      place,
      {
        name: `${description.name}, step ${found.step}`,
        description: `The teacher of the run “${description.name}” after ${found.step} steps of ${recipe.method === 'dino' ? 'DINO' : 'DINOv2'} on ${description.images} pictures, ${description.init === undefined ? 'from scratch' : `continued from ${description.init.name}`}.`,
        trained: found.step > 0 || description.init !== undefined,
        config,
        preprocessing: trainedPreprocessing(recipe),
        provenance: { source, kind: 'dinoscope', checkpointKey: 'teacher', unexpectedKeys: [], importedAt: new Date().toISOString() },
        tensors: vitParameters(config).map(({ name, shape }) => ({ name, shape, source: teacherTensor(teacher, name, shape, found.folder) })),
      },
      context,
    )
  } finally {
    await checkpoint.close()
  }
}
