/** @file `dinoscope train`: a backbone trained on the pictures of a folder, into a run folder, in this process. */
import { realpath } from 'node:fs/promises'
import { basename, relative, resolve } from 'node:path'
import { EngineError, messageOf, type FeasibilityCard, type FileProblem, type JobContext, type TrainEvent, type TrainResult } from '../../engine/contract'
import { imagesBelow, planRun, type PlannedRun, type WeightSources } from '../../engine/host'
import { createRunFolderAt, parseRecipe, runInfo, trainRun, trialCard, type RunFolder } from '../../engine/train'
import { listModelFolders, resolveModel } from '../../engine/weights'
import { createKeepAwake, defaultWorkspace } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { modelPlaces } from '../models'
import { existingRun, namedRunTeacher, runTeacher } from '../run-models'
import { cardLines, createTrainingLine } from '../training-lines'
import { readRecipe, type TrainOptions } from './train-options'

function weightSources(workspace: string, context: JobContext<never> & CommandContext): WeightSources {
  const places = modelPlaces(workspace)
  return {
    models: async () => (await Promise.all([places.bundledFolder, places.modelsFolder].map(listModelFolders))).flatMap(({ models }) => models),
    find: async (model, heads) => (await namedRunTeacher(model, workspace, context, heads)) ?? resolveModel(model, places, context),
    teacherOf: (run, heads) => runTeacher(run, workspace, context, heads),
  }
}

async function plan(folder: string, options: TrainOptions, context: CommandContext, workspace: string): Promise<PlannedRun> {
  const { terminal, signal } = context
  const recipe = await readRecipe(options, context)
  const root = await realpath(folder).catch((error: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder} cannot be opened: ${messageOf(error)}`, { detail: { path: folder }, cause: error })
  })
  const { images, skipped } = await imagesBelow(root, signal)
  for (const problem of skipped) terminal.note(problemLine(problem))
  const planned = await planRun({ name: options.name ?? basename(options.out ?? folder), root, images, recipe, init: options.init }, weightSources(workspace, context), skipped)
  const { architecture, backboneParameters } = planned.draft.summary
  const lesson = planned.teacher === undefined ? '' : `, learning from ${planned.teacher.manifest.name}`
  terminal.note(`${architecture} on ${images.length} pictures, ${planned.init === undefined ? 'from scratch' : `continuing from ${planned.init.manifest.name}`}${lesson}.`)
  if (planned.teacher !== undefined && planned.teacher.manifest.parameters <= backboneParameters) terminal.note('Note: the teacher is no larger than the student; there is little to gain.')
  return planned
}

const problemLine = ({ relativePath, code, reason }: FileProblem): string => `${relativePath}: ${code}: ${reason}`

async function createRun(out: string, folder: string, options: TrainOptions, context: CommandContext, workspace: string): Promise<RunFolder> {
  if ((await existingRun(out)) !== undefined) throw new UsageError(`${out} is a run already; --resume goes on with it, another --out begins a new one`)
  const { draft, images, yaml } = await plan(folder, options, context, workspace)
  const inside = relative(draft.root, out)
  if (inside !== '' && !inside.startsWith('..')) context.terminal.note(`Note: ${out} lies among the pictures; the pictures a run saves there would be trained on the next time.`)
  return createRunFolderAt(out, draft, images, yaml)
}

/** Goes on exactly as the run began, so nothing that would change it is taken. */
async function resumeRun(out: string, folder: string | undefined, options: TrainOptions): Promise<RunFolder> {
  const changing = (['recipe', 'preset', 'arch', 'method', 'teacher', 'epochs', 'steps', 'batch', 'name'] as const).filter((name) => options[name] !== undefined)
  if (options.init !== 'auto') changing.push('init' as never)
  if (changing.length > 0) throw new UsageError(`--resume goes on exactly as the run began; leave out ${changing.map((name) => `--${name}`).join(', ')}, or begin a new run with --init ${out}`)
  const run = await existingRun(out)
  if (run === undefined) throw new UsageError(`there is no run in ${out}; leave out --resume to begin one there`)
  const { root } = run.description
  const given = folder === undefined ? root : await realpath(folder).catch(() => resolve(folder))
  if (given !== root) throw new UsageError(`the run in ${out} trains on ${root}, not on ${given}; leave the folder out, or begin a new run`)
  return run
}

async function trial(folder: string, options: TrainOptions, context: CommandContext, workspace: string): Promise<CommandResult> {
  const { draft, images, yaml, init, teacher } = await plan(folder, options, context, workspace)
  const { provider, threads } = options
  const card: FeasibilityCard = await trialCard({ recipe: parseRecipe(yaml), images, root: draft.root, initFolder: init?.folder, teacherFolder: teacher?.folder, provider, threads, workspace: options.out ?? workspace }, context)
  context.terminal.result(card, cardLines(card))
  return exitCodes.done
}

/** Trains until the end, or until it is told to stop: then there is a checkpoint, and the status says `cancelled`. */
export async function train(folder: string | undefined, options: TrainOptions, context: CommandContext): Promise<CommandResult> {
  const { terminal, signal } = context
  const workspace = resolve(options.workspace ?? defaultWorkspace())
  if (folder === undefined && options.resume !== true) throw new UsageError('name the folder of pictures to train on')
  if (options.card === true) return trial(folder ?? '', options, context, workspace)
  if (options.out === undefined) throw new UsageError('--out names the folder of the run; --card tries without one')
  const out = resolve(options.out)
  const run = options.resume === true ? await resumeRun(out, folder, options) : await createRun(out, folder ?? '', options, context, workspace)

  const line = createTrainingLine(terminal)
  const keepAwake = createKeepAwake({ log: terminal.note })
  keepAwake.hold()
  let result: TrainResult
  try {
    const emit = (event: TrainEvent): void => {
      line.tell(event)
    }
    const control = { paused: () => false, finishBy: () => undefined }
    result = await trainRun({ folder: run.folder, provider: options.provider, threads: options.threads, control }, { signal, emit })
  } finally {
    keepAwake.release()
  }
  const info = await runInfo(run)
  const { outcome, reason, step } = result
  terminal.result({ run: run.folder, id: info.id, outcome, reason, step, stepsTotal: info.stepsTotal, latest: info.latest, bestKnn: info.bestKnn, checkpoints: info.checkpoints, skippedImages: info.skippedImages, warnings: info.warnings, hasReport: info.hasReport }, [
    `${outcome === 'finished' ? 'Finished' : 'Stopped'} at step ${step} of ${info.stepsTotal}${reason === undefined ? '' : `: ${reason}`}.`,
    outcome === 'finished' ? `The run is in ${run.folder}${info.hasReport ? '; its report is report.html there' : ''}.` : `Go on with: dinoscope train --out ${run.folder} --resume`,
  ])
  if (outcome === 'finished') return exitCodes.done
  // Nobody asked for this stop: the pictures are gone, or the disk is full.
  return signal.aborted ? exitCodes.cancelled : exitCodes.failed
}
