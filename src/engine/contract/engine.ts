/** @file The engine's whole surface, declared once: names at run time, types everywhere else. */
import type {
  AnalyseRequest,
  Analysis,
  AttentionMaps,
  DirectoryListing,
  EmbedEvent,
  EmbedRequest,
  EmbedResult,
  EngineStatus,
  ExportedFile,
  LibraryEvent,
  LibrarySummary,
  ModelInfo,
  Progress,
  RenderedImage,
  SimilarityMap,
  Throughput,
} from './data'
import { call, job, push } from './rpc'
import type {
  FeasibilityCard,
  MetricSeries,
  ModelExportEvent,
  ModelExportRequest,
  ModelExportResult,
  ProbeFrame,
  RecipeCheck,
  RecipePreset,
  RunInfo,
  TrainPlan,
} from './training'

export const engineContract = {
  'engine.status': call<undefined, EngineStatus>(),
  'engine.throughput': push<Throughput>(),

  'library.browse': call<{ readonly path: string | undefined }, DirectoryListing>(),
  'library.open': job<{ readonly path: string }, LibraryEvent, LibrarySummary>(),
  /** Where the photos that come with the program lie, to be opened like any other folder. */
  'library.samples': call<undefined, { readonly path: string }>(),
  'library.close': call<{ readonly libraryId: string }, undefined>(),
  /** A re-encoded picture no larger than `maxEdge` pixels; for the image route, which adds the headers. */
  'image.render': call<{ readonly imageId: string; readonly maxEdge: number }, RenderedImage>(),

  'models.list': call<undefined, readonly ModelInfo[]>(),
  'models.import': job<{ readonly path: string; readonly name: string | undefined }, Progress, ModelInfo>(),
  'models.remove': call<{ readonly modelId: string }, undefined>(),

  'view.analyse': job<AnalyseRequest, Progress, Analysis>(),
  'view.attention': call<
    { readonly analysisId: string; readonly layer: number; readonly query: 'cls' | number },
    AttentionMaps
  >(),
  'view.similarity': call<{ readonly analysisId: string; readonly patch: number }, SimilarityMap>(),

  'embed.run': job<EmbedRequest, EmbedEvent, EmbedResult>(),
  /** The bytes from `offset` on, a part at a time; for the export route, which streams them to the person's disk. */
  'embed.file': call<{ readonly exportId: string; readonly name: string; readonly offset: number }, ExportedFile>(),

  /** Writes a model as one file, opens it again and compares it with the engine on real pictures. */
  'models.export': job<ModelExportRequest, ModelExportEvent, ModelExportResult>(),

  'train.presets': call<undefined, readonly RecipePreset[]>(),
  'train.check': call<{ readonly recipe: string }, RecipeCheck>(),
  /** A trial of some steps on the very images. */
  'train.card': job<TrainPlan, Progress, FeasibilityCard>(),
  /** A new run; it goes on when the page is closed. */
  'train.start': call<TrainPlan, RunInfo>(),

  'runs.list': call<undefined, readonly RunInfo[]>(),
  /** Whenever a run changes, at most ten times a second each. */
  'runs.changed': push<RunInfo>(),
  'runs.recipe': call<{ readonly runId: string }, { readonly yaml: string }>(),
  'runs.metrics': call<{ readonly runId: string; readonly afterStep: number }, MetricSeries>(),
  'runs.probes': call<{ readonly runId: string }, readonly ProbeFrame[]>(),
  /** Goes on exactly where this run's newest valid checkpoint left off. A new run from its weights is `train.start` with `init: run:ID`. */
  'runs.resume': call<{ readonly runId: string }, RunInfo>(),
  'runs.pause': call<{ readonly runId: string; readonly paused: boolean }, RunInfo>(),
  /** Writes a checkpoint and ends; answers when it has. */
  'runs.stop': call<{ readonly runId: string }, RunInfo>(),
  /** Stops by itself, with a checkpoint, at this time (ISO 8601), or never. */
  'runs.finishBy': call<{ readonly runId: string; readonly at: string | undefined }, RunInfo>(),
  'runs.rename': call<{ readonly runId: string; readonly name: string }, RunInfo>(),
  /** Deletes the folder of a run that is not running. */
  'runs.delete': call<{ readonly runId: string }, undefined>(),
  'runs.report': call<{ readonly runId: string }, { readonly exportId: string; readonly name: string }>(),
  /** The teacher of the newest (or best) checkpoint as a model like any other. */
  'runs.teacher': call<{ readonly runId: string; readonly checkpoint: 'newest' | 'best' }, ModelInfo>(),
} as const

export type EngineContract = typeof engineContract
