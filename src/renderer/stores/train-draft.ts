/** @file What follows from the choices on the Train page: weights to begin with, names, warnings. Pure. */
import type { FeasibilityCard, ModelInfo, RecipePreset, RecipeSummary, RunInfo, TrainPlan } from '../../engine/contract'
import { formatCount, formatQuantity } from '../services/format'
import { hasWeights } from '../services/run-text'

/** A preset with what its recipe says in numbers; undefined where the engine does not understand it. */
export interface PresetOption {
  readonly preset: RecipePreset
  readonly summary: RecipeSummary | undefined
}

export const scratch = 'scratch'

/** Weights that can be chosen. `refusal` says why they do not fit the recipe. */
export interface WeightsPoint {
  readonly value: string
  readonly kind: 'auto' | 'model' | 'run' | 'scratch'
  readonly label: string
  readonly detail: string
  readonly refusal: string | undefined
}

/** Something to begin with. */
export interface StartingPoint extends WeightsPoint {
  /** Whether every tensor should fit, and not only the architecture's name: the size of the position grid is not in it. */
  readonly isSure: boolean
}

/** DINOv2's mask token is the one tensor that may be missing. */
const hasSameTensors = ({ parameters, dim }: ModelInfo, summary: RecipeSummary | undefined): boolean =>
  summary !== undefined && Math.abs(parameters - summary.backboneParameters) <= dim

const refusalOf = (architecture: string, summary: RecipeSummary | undefined): string | undefined =>
  summary === undefined || summary.architecture === architecture ? undefined : `${architecture}, and the recipe trains ${summary.architecture}`

/** Trained models whose weights are known first, then runs that have weights, then scratch; what fits before what does not. */
export function startingPoints(models: readonly ModelInfo[], runs: readonly RunInfo[], summary: RecipeSummary | undefined): readonly StartingPoint[] {
  const ofModels = models
    .filter(({ trained, gives }) => trained && gives.inside)
    .map((model): StartingPoint => {
      const { id, name, architecture } = model
      return { value: id, kind: 'model', label: name, detail: architecture, refusal: refusalOf(architecture, summary), isSure: hasSameTensors(model, summary) }
    })
  const ofRuns = runs.filter(hasWeights).map(({ id, name, step, summary: { architecture } }): StartingPoint => {
    const detail = `run, step ${formatCount(step)} · ${architecture}`
    return { value: `run:${id}`, kind: 'run', label: name, detail, refusal: refusalOf(architecture, summary), isSure: true }
  })
  const weights = [...ofModels, ...ofRuns].sort((a, b) => Number(a.refusal !== undefined) - Number(b.refusal !== undefined))
  return [...weights, { value: scratch, kind: 'scratch', label: 'From scratch', detail: 'random weights', refusal: undefined, isSure: true }]
}

/**
 * The chosen start, even where it does not fit any more: weights a person asked for are never exchanged quietly. Where
 * nothing is chosen the first pretrained model that surely fits, else scratch, and scratch at once where the recipe says so.
 */
export function effectiveStart(points: readonly StartingPoint[], chosen: string | undefined, recipeInit: unknown): StartingPoint | undefined {
  const proposed = points.find(({ kind, refusal, isSure }) => kind === 'model' && refusal === undefined && isSure)
  return points.find(({ value }) => value === chosen) ?? (recipeInit === scratch ? undefined : proposed) ?? points.find(({ kind }) => kind === 'scratch')
}

/** A frozen model that a distillation can learn from. */
export interface TeacherPoint extends WeightsPoint {
  /** Whether the student would have as many parameters or more. */
  readonly isSmall: boolean
}

export const automatic = 'auto'

/** Models that were taken from a run are learned from on request only. */
const isFromRun = ({ importedFrom }: ModelInfo): boolean => importedFrom !== undefined && /^run \S+, step \d+$/.test(importedFrom)

/** What `auto` finds: the smallest trained model that is larger than the student and has its patches. */
function teacherAtHand(models: readonly ModelInfo[], { patchSize, backboneParameters }: RecipeSummary): ModelInfo | undefined {
  return models
    .filter((model) => model.trained && model.gives.inside && !isFromRun(model) && model.patchSize === patchSize && model.parameters > backboneParameters)
    .toSorted((a, b) => a.parameters - b.parameters)[0]
}

/** The automatic choice first, then trained models and runs that have weights; what fits before what does not. */
export function teacherPoints(models: readonly ModelInfo[], runs: readonly RunInfo[], summary: RecipeSummary): readonly TeacherPoint[] {
  const refusal = (patchSize: number): string | undefined => (patchSize === summary.patchSize ? undefined : `has patches of ${patchSize} pixels, and the student’s are of ${summary.patchSize}`)
  const isSmall = (parameters: number): boolean => parameters <= summary.backboneParameters
  const found = teacherAtHand(models, summary)
  const auto: TeacherPoint = {
    ...{ value: automatic, kind: 'auto', isSmall: false },
    label: found === undefined ? 'The automatic choice' : found.name,
    detail: found === undefined ? 'none at hand' : `chosen automatically · ${found.architecture}`,
    refusal: found === undefined ? `finds no trained model here that is larger than the student and has patches of ${summary.patchSize} pixels` : undefined,
  }
  const ofModels = models
    .filter(({ trained, gives }) => trained && gives.inside)
    .map(({ id, name, architecture, patchSize, parameters }): TeacherPoint => ({ value: id, kind: 'model', label: name, detail: architecture, refusal: refusal(patchSize), isSmall: isSmall(parameters) }))
  const ofRuns = runs.filter(hasWeights).map(({ id, name, step, summary: { architecture, patchSize, backboneParameters } }): TeacherPoint => {
    return { value: `run:${id}`, kind: 'run', label: name, detail: `run, step ${formatCount(step)}, with its head · ${architecture}`, refusal: refusal(patchSize), isSmall: isSmall(backboneParameters) }
  })
  return [auto, ...[...ofModels, ...ofRuns].sort((a, b) => Number(a.refusal !== undefined) - Number(b.refusal !== undefined))]
}

/** The teacher that the recipe names; one that is none of the points is a file or a run elsewhere, for the engine to judge. */
export function effectiveTeacher(points: readonly TeacherPoint[], named: unknown): TeacherPoint | undefined {
  const value = typeof named === 'string' ? named : automatic
  return points.find((point) => point.value === value) ?? { value, kind: 'model', label: value, detail: 'named in the recipe', refusal: undefined, isSmall: false }
}

/** The preset to propose: one that a pretrained model can go on with, else the laptop's, else the first. */
export function proposedPreset(presets: readonly PresetOption[], models: readonly ModelInfo[]): PresetOption | undefined {
  const fits = ({ summary }: PresetOption): boolean =>
    summary?.method !== 'distill' && models.some((model) => model.trained && model.architecture === summary?.architecture && hasSameTensors(model, summary))
  return presets.find(fits) ?? presets.find(({ preset }) => preset.name.includes('laptop')) ?? presets[0]
}

/** The honest word on training from nothing with so many pictures. */
export function scratchWarning(images: number): string {
  const count = formatQuantity(images, 'image')
  if (images < 10_000) return `From scratch, ${count} teach a model colours and textures, hardly parts and objects. Pretrained weights of this architecture would see more from the first minute.`
  if (images < 100_000) return `From scratch, ${count} can give useful features after days on a GPU. Continuing from pretrained weights gets there in hours.`
  return `${count} are enough to learn from scratch, given a GPU and some days. Pretrained weights are still the shorter way.`
}

/** A name for a run that nobody has named. */
export function proposedName(source: string | undefined, summary: RecipeSummary | undefined): string {
  return [source, summary?.architecture].filter(Boolean).join(', ') || 'New run'
}

/** Two plans with the same key would take the same. The name does not matter. */
export function planKey({ images, recipe, init }: TrainPlan): string {
  return JSON.stringify([images.libraryId, images.imageIds ?? 'all', recipe, init])
}

/** `12.3 GB of 32 GB free`, in fractions: whether the measured peak fits. */
export function memoryFits(card: FeasibilityCard): boolean {
  return card.peakRssBytes <= card.freeMemoryBytes
}

/** Three checkpoints lie on disk while the newest is written. */
export function diskFits(card: FeasibilityCard): boolean {
  return card.checkpointBytes * 3 <= card.freeDiskBytes
}
