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
} as const

export type EngineContract = typeof engineContract
