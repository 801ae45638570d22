/** @file Runs small enough to be trained in a second or two, and all that is left of one when it is over. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainEvent, TrainResult } from '../../../../../src/engine/contract'
import type { Tensor } from '../../../../../src/engine/tensor'
import { parseRecipe, recipeSummary, recipeYaml, trainRun, type RecipeOverrides, type TrainRunOptions } from '../../../../../src/engine/train'
import { createRunFolderAt, loadCheckpoint, newestCheckpoint, openRunFolder, readRunStatus, type CheckpointInfo, type RunFolder, type RunInit, type RunStatus } from '../../../../../src/engine/train/run'
import type { ModelFolder } from '../../../../../src/engine/weights'
import { jpegPicture } from '../../../../helpers/pictures'

/** A transformer of one block that takes a few milliseconds a step. */
const tiny: RecipeOverrides = {
  seed: 3,
  model: { arch: 'custom', dim: 16, depth: 1, heads: 2, patch_size: 8, image_size: 16 },
  dino: { head_n_prototypes: 16, head_hidden_dim: 16, head_bottleneck_dim: 8 },
  ibot: { head_n_prototypes: 16, head_hidden_dim: 16, head_bottleneck_dim: 8 },
  crops: { global_crops_size: 16, local_crops_size: 8, local_crops_number: 1 },
  run: { steps: 20, batch: 2, workers: 0 },
  checkpoint: { every_steps: 10, every_minutes: 0 },
  watch: { probe_every: '0 steps', knn_every: '0 steps', log_every: 1 },
}

type Section = Readonly<Record<string, unknown>>

/** {@link tiny} with some keys changed. */
export function tinyRecipe(changes: RecipeOverrides = {}): RecipeOverrides {
  const merged: Record<string, unknown> = { ...tiny }
  for (const [key, value] of Object.entries(changes)) merged[key] = typeof value === 'object' ? { ...(merged[key] as Section | undefined), ...value } : value
  return merged
}

/** What DINOv2 adds: masks, KoLeo, Sinkhorn-Knopp or centring, a head for patches, and either kind of stochastic depth. */
export function tinyDinov2(changes: RecipeOverrides = {}): RecipeOverrides {
  const { model, ibot, teacher, dino, optimiser, crops, ...rest } = changes
  return tinyRecipe({
    method: 'dinov2',
    model: { depth: 2, dim: 16, heads: 2, arch: 'custom', patch_size: 8, image_size: 32, layerscale: 0.1, drop_path_rate: 0.4, drop_path_kind: 'batch-subset', ...model },
    dino: { koleo_loss_weight: 0.1, head_n_prototypes: 16, head_hidden_dim: 16, head_bottleneck_dim: 8, ...dino },
    ibot: { separate_head: true, head_n_prototypes: 16, head_hidden_dim: 16, head_bottleneck_dim: 8, ...ibot },
    teacher: { centering: 'sinkhorn_knopp', teacher_temp_warmup: '10%', ...teacher },
    crops: { global_crops_size: 32, local_crops_size: 16, local_crops_number: 2, ...crops },
    optimiser: { warmup: '10%', freeze_last_layer: '10%', scaling_rule: 'none', lr: 0.001, ...optimiser },
    ...rest,
  })
}

/** A student of {@link tinyDinov2}'s form that learns from a frozen teacher. */
export function tinyDistillation(changes: RecipeOverrides = {}): RecipeOverrides {
  const { model, ibot, ...rest } = changes
  return tinyDinov2({ method: 'distill', model: { drop_path_rate: 0, ...model }, ibot: { mask_sample_probability: 0, ...ibot }, ...rest })
}

export interface RunDraft {
  /** Below which the run is made. */
  readonly folder: string
  readonly name: string
  readonly root: string
  readonly pictures: readonly string[]
  readonly recipe: RecipeOverrides
  readonly init?: RunInit
  /** What a distillation learns from. */
  readonly teacher?: ModelFolder
}

export async function makeRun({ folder, name, root, pictures, recipe, init, teacher }: RunDraft): Promise<RunFolder> {
  const { method, ...overrides } = recipe
  const parsed = method === 'dinov2' || method === 'distill' ? parseRecipe(`method: ${method}\n`, overrides) : parseRecipe('preset: tiny-smoke\n', recipe)
  const images = pictures.map((relativePath) => ({ relativePath, sizeBytes: 1000 }))
  return createRunFolderAt(join(folder, name), { name, root, init, ...(teacher === undefined ? {} : { teacher: { name: teacher.manifest.name, sha256: teacher.manifest.weights.sha256, folder: teacher.folder } }), summary: recipeSummary(parsed) }, images, recipeYaml(parsed))
}

/** Pictures of different sizes, `0.jpg`, `1.jpg`, …; their names. */
export async function writePictures(root: string, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `${index}.jpg`)
  for (const [index, name] of names.entries()) await writeFile(join(root, name), await jpegPicture(40 + 6 * index, 64 - 3 * index))
  return names
}

export interface Session {
  readonly events: readonly TrainEvent[]
  readonly result: TrainResult | undefined
  readonly error: { readonly code: string; readonly message: string; readonly detail?: Readonly<Record<string, unknown>> } | undefined
}

export interface SessionOptions {
  readonly control?: TrainRunOptions['control']
  /** Told of every event, with what aborts the session. */
  onEvent?(event: TrainEvent, abort: (why: string) => void): void
}

export const undisturbed: TrainRunOptions['control'] = { paused: () => false, finishBy: () => undefined }

/** Trains until the run ends by itself or is stopped. */
export async function train({ folder }: Pick<RunFolder, 'folder'>, { control = undisturbed, onEvent }: SessionOptions = {}): Promise<Session> {
  const events: TrainEvent[] = []
  const controller = new AbortController()
  const emit = (event: TrainEvent): void => {
    events.push(event)
    onEvent?.(event, (why) => { controller.abort(new Error(why)) })
  }
  return trainRun({ folder, provider: 'cpu', threads: 1, control }, { signal: controller.signal, emit }).then(
    (result) => ({ events, result, error: undefined }),
    (error: unknown) => ({ events, result: undefined, error: error as NonNullable<Session['error']> }),
  )
}

/** Stops when so many steps are done. */
export const stopAfter = (step: number): NonNullable<SessionOptions['onEvent']> => (event, abort) => {
  if (event.kind === 'step' && event.metrics.step === step) abort('enough')
}

export interface Learned {
  readonly step: number
  /** Student, teacher, moments and centres, by file and name. */
  readonly tensors: Readonly<Record<string, Tensor['data']>>
  /** All of state.json but the time that was spent. */
  readonly state: Readonly<Record<string, unknown>>
}

export async function learnedIn(checkpoint: CheckpointInfo): Promise<Learned> {
  const { step, state, tensors, close } = await loadCheckpoint(checkpoint)
  const found: Record<string, Tensor['data']> = {}
  for (const [stem, entries] of tensors) for (const [name, source] of entries) found[`${stem}/${name}`] = (await source.read()).data
  await close()
  const { trainedMs: _clock, ...rest } = state as Record<string, unknown>
  return { step, tensors: found, state: rest }
}

export interface Left extends Learned {
  readonly metrics: string
}

/** What a run has learned, from its newest checkpoint. */
export async function leftBy({ folder }: Pick<RunFolder, 'folder'>): Promise<Left> {
  const { checkpoint } = await newestCheckpoint(await openRunFolder(folder))
  if (checkpoint === undefined) throw new Error('there is no checkpoint')
  return { ...(await learnedIn(checkpoint)), metrics: await readFile(join(folder, 'metrics.jsonl'), 'utf8') }
}

/** Steps in metrics.jsonl, in the order of its lines. */
export async function stepsLogged({ folder }: Pick<RunFolder, 'folder'>): Promise<readonly number[]> {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8')
  return text.trim().split('\n').map((line) => (JSON.parse(line) as { readonly step: number }).step)
}

export async function statusOf({ folder }: Pick<RunFolder, 'folder'>): Promise<RunStatus> {
  const status = await readRunStatus(folder)
  if (status === undefined) throw new Error('there is no status')
  return status
}
