/** @file The teacher of a run as a model like any other: its backbone, taken out of a checkpoint. */
import { randomBytes } from 'node:crypto'
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, type JobContext, type Progress } from '../../contract'
import { partialName, syncFolder } from '../../files'
import { vitParameters } from '../../nn'
import { bestCheckpoint, headsFile, loadCheckpoint, newestCheckpoint, parseRecipe, readRunRecipe, recipeConfig, trainedPreprocessing, type CheckpointInfo, type Recipe, type RunFolder } from '../../train'
import { formatShape, type Shape } from '../../tensor'
import { addModel, isVit, listModelFolders, writeSafetensorsFrom, type ModelManifest, type ModelsPlace, type NamedSource, type TensorSource, type VitModelFolder } from '../../weights'

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

/** `of DINO`, `of DINOv2`, or from whom it was distilled. */
function howTrained({ method }: Recipe, { description }: RunFolder): string {
  if (method === 'distill') return `of learning from ${description.teacher?.name ?? 'a frozen teacher'}`
  return `of ${method === 'dino' ? 'DINO' : 'DINOv2'}`
}

/**
 * The teacher of the newest valid checkpoint, or of the best one where one was marked; of a distillation the spare average
 * of its student. The same checkpoint gives the same model: a second request finds what the first one wrote.
 * @param heads whether the heads trained with it are to lie beside its weights, for a distillation to learn from
 * @throws EngineError CHECKPOINT when there is none or none can be read, DISK, RECIPE; the signal's reason
 */
export async function teacherModel(run: RunFolder, which: 'newest' | 'best', place: ModelsPlace, context: JobContext<Progress>, heads?: 'with heads'): Promise<VitModelFolder> {
  const found = await findCheckpoint(run, which, context.signal)
  const source = sourceOf(run, found.step)
  const known = (await listModelFolders(place.modelsFolder)).models.filter(isVit).find(({ manifest }) => manifest.provenance.source === source)
  const model = known ?? (await addTeacher(run, found, place, context))
  if (heads !== undefined) await addHeads(run, found, model, context.signal)
  return model
}

async function addTeacher(run: RunFolder, found: CheckpointInfo, place: ModelsPlace, context: JobContext<Progress>): Promise<VitModelFolder> {
  const { description } = run
  const recipe = parseRecipe(await readRunRecipe(run))
  const config = recipeConfig(recipe)
  const checkpoint = await loadCheckpoint(found)
  try {
    const teacher = checkpoint.tensors.get('teacher')
    return await addModel(
      place,
      {
        name: `${description.name}, step ${found.step}`,
        description: `The ${recipe.method === 'distill' ? 'student' : 'teacher'} of the run “${description.name}” after ${found.step} steps ${howTrained(recipe, run)} on ${description.images} pictures, ${description.init === undefined ? 'from scratch' : `continued from ${description.init.name}`}.`,
        trained: found.step > 0 || description.init !== undefined,
        config,
        preprocessing: trainedPreprocessing(recipe),
        provenance: { source: sourceOf(run, found.step), kind: 'dinoscope', checkpointKey: 'teacher', unexpectedKeys: [], importedAt: new Date().toISOString() },
        tensors: vitParameters(config).map(({ name, shape }) => ({ name, shape, source: teacherTensor(teacher, name, shape, found.folder) })),
      },
      context,
    )
  } finally {
    await checkpoint.close()
  }
}

/**
 * Puts the teacher's heads beside its weights: `dino_head`, and `ibot_head` where patches were learned, which is the same
 * one again where they shared it.
 */
async function addHeads(run: RunFolder, found: CheckpointInfo, { folder }: VitModelFolder, signal: AbortSignal): Promise<void> {
  const path = join(folder, headsFile)
  if (await stat(path).then(() => true, () => false)) return
  const { method, ibot } = parseRecipe(await readRunRecipe(run))
  const prefixes: readonly (readonly [from: string, to: string])[] = [
    [method === 'dino' ? 'head.' : 'dino_head.', 'dino_head.'],
    ...(method !== 'dino' && ibot.loss_weight > 0 ? [[ibot.separate_head ? 'ibot_head.' : 'dino_head.', 'ibot_head.'] as const] : []),
  ]
  const checkpoint = await loadCheckpoint(found)
  try {
    const teacher = checkpoint.tensors.get('teacher') ?? new Map<string, TensorSource>()
    const sources = prefixes.flatMap(([from, to]) => [...teacher].filter(([name]) => name.startsWith(from)).map(([name, { dtype, shape, read }]): NamedSource => ({ name: to + name.slice(from.length), dtype, shape, read })))
    const temporary = join(folder, partialName(headsFile, randomBytes(4).toString('hex')))
    await writeSafetensorsFrom(temporary, sources, { signal })
    await rename(temporary, path)
    await syncFolder(folder)
  } finally {
    await checkpoint.close()
  }
}
