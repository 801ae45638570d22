/** @file Plain data of training that crosses processes: plans, cards, runs, what a run tells while it learns. */
import type { FileProblem, Progress } from './data'
import type { WeightPrecision } from './precision'

// ── Recipes ──────────────────────────────────────────────────────────────────

/** `distill`: a student learns from a frozen teacher by the losses of DINOv2. */
export type TrainMethod = 'dino' | 'dinov2' | 'distill'

/** What methods are called. */
export const methodNames: Readonly<Record<TrainMethod, string>> = { dino: 'DINO', dinov2: 'DINOv2', distill: 'Distillation' }

/** A recipe that comes with the program; a recipe file may be just `preset: NAME` and what it overrides. */
export interface RecipePreset {
  readonly name: string
  readonly title: string
  /** What it is for, in a sentence or two. */
  readonly description: string
  /** The whole recipe, every key written out. */
  readonly yaml: string
}

/** What is wrong with a recipe, and where: `optimiser.lr: must be positive`. */
export interface RecipeProblem {
  /** Dotted path of the key; '' is the file itself. */
  readonly path: string
  readonly message: string
  /** 1-based line of the text, where it is known. */
  readonly line: number | undefined
}

/** A recipe in the few numbers that a person decides by. */
export interface RecipeSummary {
  readonly method: TrainMethod
  /** For example `ViT-Ti/16`. */
  readonly architecture: string
  readonly patchSize: number
  readonly backboneParameters: number
  readonly headParameters: number
  /** Edges of the global and local crops in pixels, and how many local ones there are. */
  readonly globalSize: number
  readonly localSize: number
  readonly localCrops: number
  /** Pictures at a time; `auto` until the memory budget has been tried. */
  readonly batch: number | 'auto'
  readonly accumulate: number
}

/** Whose weights a run hands out: those of the average of its student, which is the teacher but in a distillation. */
export function keptNetwork({ method }: Pick<RecipeSummary, 'method'>): 'teacher' | 'student' {
  return method === 'distill' ? 'student' : 'teacher'
}

export type RecipeCheck =
  | { readonly ok: true; readonly summary: RecipeSummary; readonly resolved: string }
  | { readonly ok: false; readonly problems: readonly RecipeProblem[] }

// ── Planning ─────────────────────────────────────────────────────────────────

/** What to train on: a whole opened folder, or some pictures of it. */
export interface TrainImages {
  readonly libraryId: string
  /** Opaque ids; undefined is all pictures of the folder. */
  readonly imageIds: readonly string[] | undefined
}

export interface TrainPlan {
  readonly name: string
  readonly images: TrainImages
  /** YAML. */
  readonly recipe: string
  /** Weights to begin with: a model of the same architecture, or `scratch`. A run is named `run:ID`. */
  readonly init: string
}

/** What a run would take and what may be hoped for, from a trial of some steps on the very images. */
export interface FeasibilityCard {
  readonly images: number
  readonly summary: RecipeSummary
  readonly stepsTotal: number
  readonly imagesPerSecond: number
  readonly stepMs: number
  readonly peakRssBytes: number
  readonly freeMemoryBytes: number
  /** Of one checkpoint; three are needed at a time. */
  readonly checkpointBytes: number
  readonly freeDiskBytes: number
  readonly hours: number
  /** The largest batch that fits the memory budget, where the recipe says `auto`. */
  readonly batch: number
  readonly verdict: 'good' | 'doubtful' | 'poor'
  /** Honest sentences about what this much data can give, most important first. */
  readonly advice: readonly string[]
  readonly skipped: readonly FileProblem[]
  /** The frozen model that a distillation learns from. */
  readonly teacher?: { readonly name: string; readonly parameters: number } | undefined
}

// ── Runs ─────────────────────────────────────────────────────────────────────

/**
 * `interrupted`: it ended without being asked to (crash, kill, power) and can be resumed from its newest checkpoint.
 * `stopped`: a person or a finish-by time stopped it; it can be resumed. `failed` says why in `reason`.
 */
export type RunState = 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'interrupted' | 'finished' | 'failed'

export interface RunInfo {
  readonly id: string
  readonly name: string
  readonly state: RunState
  /** Why it failed, stopped or was interrupted; what it is doing where that is not plain training. */
  readonly reason: string | undefined
  readonly createdAt: string
  readonly updatedAt: string
  readonly summary: RecipeSummary
  /** The folder the pictures came from, for display. */
  readonly source: string
  readonly images: number
  /** Name of the model it began with, or undefined from scratch. */
  readonly init: string | undefined
  /** Name of the frozen model it learns from, where it distils. */
  readonly teacher?: string | undefined
  readonly step: number
  readonly stepsTotal: number
  readonly imagesPerSecond: number | undefined
  readonly etaMs: number | undefined
  /** When it stops by itself (ISO 8601), where that was asked for. */
  readonly finishBy?: string | undefined
  readonly latest: StepMetrics | undefined
  readonly bestKnn: number | undefined
  readonly checkpoints: readonly RunCheckpoint[]
  /** The newest last; bounded. */
  readonly warnings: readonly TrainWarning[]
  readonly skippedImages: number
  readonly hasReport: boolean
  readonly sizeBytes: number
}

export interface RunCheckpoint {
  readonly step: number
  readonly best: boolean
  readonly savedAt: string
}

/** What the collapse guard or the run itself noticed, what it means, and what to change. */
export interface TrainWarning {
  readonly step: number
  readonly code: 'uniform-output' | 'dominant-dimension' | 'rank-falling' | 'non-finite-loss' | 'disk-full' | 'images-skipped' | 'loss-rising' | 'slow-data'
  readonly message: string
  readonly advice: string
}

/** The numbers of one step, by name: `loss`, `loss.dino`, …; see `docs/training.md`. Absent where not measured at this step. */
export interface StepMetrics {
  readonly step: number
  readonly values: Readonly<Record<string, number>>
}

/** Columns of a run's metrics; NaN where a step has no value. */
export interface MetricSeries {
  readonly steps: Float64Array
  readonly columns: Readonly<Record<string, Float64Array>>
}

/** What a run tells while it works. Its end is the result of the job. */
export type TrainEvent =
  | { readonly kind: 'phase'; readonly phase: 'preparing' | 'training' | 'evaluating' | 'checkpointing' | 'paused' | 'stopping'; readonly note: string }
  | { readonly kind: 'step'; readonly metrics: StepMetrics; readonly stepsTotal: number; readonly imagesPerSecond: number | undefined; readonly etaMs: number | undefined }
  | { readonly kind: 'checkpoint'; readonly checkpoint: RunCheckpoint }
  | { readonly kind: 'probe'; readonly step: number }
  | { readonly kind: 'warning'; readonly warning: TrainWarning }
  | { readonly kind: 'skipped'; readonly problem: FileProblem }

export interface TrainResult {
  readonly outcome: 'finished' | 'stopped'
  readonly reason: string | undefined
  readonly step: number
}

/** One moment of the probe pictures: for each fixed picture, what attention and PCA looked like. Ids are for the image route. */
export interface ProbeFrame {
  readonly step: number
  readonly pictures: readonly { readonly name: string; readonly photoId: string; readonly attentionId: string; readonly pcaId: string }[]
}

// ── Export of a model ────────────────────────────────────────────────────────

export type ModelFormat = 'onnx' | 'safetensors'

export interface ModelExportRequest {
  readonly modelId: string
  readonly format: ModelFormat
  /** Input sizes in pixels to bake in as `[height, width]`; undefined keeps batch, height and width free. */
  readonly bakedSize: readonly [height: number, width: number] | undefined
  /** Of safetensors alone; undefined keeps every weight as it is stored. */
  readonly precision: WeightPrecision | undefined
}

/** How far the written file is from the engine on one real picture. */
export interface ParityRow {
  readonly image: string
  readonly height: number
  readonly width: number
  /** Largest absolute differences. */
  readonly tokens: number
  readonly attention: number
  /** Cosine of the CLS tokens. */
  readonly cosine: number
}

export interface ModelExportResult {
  readonly exportId: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[]
  readonly parity: readonly ParityRow[]
}

export type ModelExportEvent = Progress
