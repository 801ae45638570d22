/** @file The engine's whole surface, declared once: names at run time, types everywhere else. */
import type {
  Clustering,
  ClusteringChange,
  ClusteringInfo,
  ClusterRequest,
  CopyEvent,
  CopyRequest,
  CopyResult,
  CurateRequest,
  CurationPlan,
  DuplicatePairs,
  DuplicateRequest,
  EmbedLibraryRequest,
  EmbedLibraryResult,
  ExportVectorsRequest,
  FolderInfo,
  MapData,
  MapInfo,
  MapRequest,
  OutlierRequest,
  Outliers,
  PatchSearchRequest,
  PatchSearchResult,
  SearchIndexInfo,
  SearchRequest,
  SearchResult,
  SetChange,
  SetInfo,
  SetKind,
  VectorSpace,
  VectorStatus,
} from './collection'
import type { CompareModelsRequest, ModelComparison, NeighboursOfBoth, PairColours } from './compare'
import type {
  AnalyseRequest,
  Analysis,
  AttentionMaps,
  DirectoryListing,
  EmbedEvent,
  EmbedResult,
  EngineStatus,
  ExportedFile,
  LibraryChanges,
  LibraryEvent,
  LibrarySummary,
  ModelInfo,
  Progress,
  RenderedImage,
  SimilarityMap,
  Throughput,
} from './data'
import type {
  Artefacts,
  ColourBasisInfo,
  ColourBasisRequest,
  CommonParts,
  FoundObject,
  MutualMatches,
  ObjectRequest,
  PairRequest,
  PartTree,
  PatchColours,
  PatchMatches,
  RefinedLabels,
  RefineRequest,
  ViewEstimate,
  ViewEstimateRequest,
} from './dense'
import type { EvaluateEvent, EvaluateRequest, EvaluateResult, EvaluationExport, EvaluationExportRequest, EvaluationList } from './evaluation'
import type {
  ClassMap,
  DepthExportRequest,
  DepthExportResult,
  DepthLibraryRequest,
  DepthMap,
  DepthMapRequest,
  DepthNumbers,
  HeadEvent,
  HeadInfo,
  HeadViewRequest,
  PatchDepths,
  TrainHeadEvent,
  TrainHeadRequest,
} from './heads'
import type { HubDownload, HubEntry } from './hub'
import type {
  FirstSegments,
  FirstSegmentsRequest,
  LabelChange,
  LabelExportRequest,
  LabelExportResult,
  LabelSetInfo,
  PictureLabels,
  PredictRequest,
  Prediction,
  PropagateEvent,
  PropagateExportRequest,
  PropagateExportResult,
  PropagateRequest,
  PropagateResult,
} from './labels'
import type { OnnxInspection, OnnxMapping } from './onnx'
import type { Precision, PrecisionCard, PrecisionMeasureRequest, PrecisionState } from './precision'
import { call, job, push } from './rpc'
import type {
  PictureSegments,
  Segmentation,
  SegmentationInfo,
  SegmentChange,
  SegmentEvent,
  SegmentExportRequest,
  SegmentExportResult,
  SegmentMeasure,
  SegmentPictures,
  SegmentPixels,
  SegmentPixelsRequest,
  SegmentRequest,
  TypicalPatch,
  TypicalPatchesRequest,
} from './segments'
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
  /** What happened in open folders after they had been read. */
  'library.changed': push<LibraryChanges>(),
  /** Folders that were opened before, newest first. */
  'library.folders': call<undefined, readonly FolderInfo[]>(),
  /** Forgets what is known of a folder's files. Vectors, which belong to the content, stay. */
  'library.forget': call<{ readonly path: string }, undefined>(),
  /** A re-encoded picture no larger than `maxEdge` pixels; for the image route, which adds the headers. */
  'image.render': call<{ readonly imageId: string; readonly maxEdge: number }, RenderedImage>(),

  'models.list': call<undefined, readonly ModelInfo[]>(),
  /** Looks at an ONNX file of another maker and tries it in a process of its own; undefined for one that DinoScope exported, or another file. */
  'models.inspectOnnx': job<{ readonly path: string }, Progress, OnnxInspection | undefined>(),
  /** `onnx` says how an ONNX file of another maker is read; its weights alone are taken of any other. */
  'models.import': job<{ readonly path: string; readonly name: string | undefined; readonly onnx?: OnnxMapping | undefined }, Progress, ModelInfo>(),
  'models.remove': call<{ readonly modelId: string }, undefined>(),

  /** Official models and heads, with what they would cost on this machine. */
  'hub.list': call<undefined, readonly HubEntry[]>(),
  /** Comes from the official servers or a mirror; broken off, it goes on from there. */
  'hub.download': job<{ readonly entryId: string; readonly mirror: string | undefined }, Progress, HubDownload>(),

  'view.analyse': job<AnalyseRequest, Progress, Analysis>(),
  'view.attention': call<
    { readonly analysisId: string; readonly layer: number; readonly query: 'cls' | number },
    AttentionMaps
  >(),
  'view.similarity': call<{ readonly analysisId: string; readonly patch: number }, SimilarityMap>(),
  /** What a look would take; for pictures so large that one should know before. */
  'view.estimate': call<ViewEstimateRequest, ViewEstimate>(),
  'view.parts': call<{ readonly analysisId: string }, PartTree>(),
  'view.object': job<ObjectRequest, Progress, FoundObject>(),
  'view.artefacts': call<{ readonly analysisId: string }, Artefacts>(),
  'view.refine': call<RefineRequest, RefinedLabels>(),
  'view.colours': call<{ readonly analysisId: string; readonly basisId: string }, PatchColours>(),
  'view.depth': job<HeadViewRequest, Progress, DepthMap>(),
  'view.classes': job<HeadViewRequest, Progress, ClassMap>(),

  /** Two analyses by the same model; they may be of the same picture. */
  'match.patch': call<PairRequest & { readonly patch: number }, PatchMatches>(),
  'match.mutual': call<PairRequest & { readonly top: number }, MutualMatches>(),
  'match.common': call<PairRequest & { readonly parts: number }, CommonParts>(),

  /** Two models over the pictures of a folder; what is not embedded yet is embedded first, and a picture that fails is told. */
  'compare.models': job<CompareModelsRequest, EmbedEvent, ModelComparison>(),
  'compare.neighbours': call<{ readonly comparisonId: string; readonly row: number }, NeighboursOfBoth>(),
  /** Two analyses of the same picture, by two models. */
  'compare.colours': call<PairRequest, PairColours>(),

  /** Fits a basis of colours on stored patch tokens and keeps it. */
  'colours.create': job<ColourBasisRequest, Progress, ColourBasisInfo>(),
  'colours.list': call<undefined, readonly ColourBasisInfo[]>(),
  'colours.rename': call<{ readonly basisId: string; readonly name: string }, ColourBasisInfo>(),
  'colours.remove': call<{ readonly basisId: string }, undefined>(),
  /** Colours of the points of a map of patches: uint8 [points, 3]. */
  'colours.map': call<{ readonly libraryId: string; readonly mapId: string; readonly basisId: string }, PatchColours>(),

  'segments.find': job<SegmentRequest, SegmentEvent, Segmentation>(),
  'segments.list': call<{ readonly libraryId: string }, readonly SegmentationInfo[]>(),
  'segments.load': call<{ readonly libraryId: string; readonly segmentationId: string }, Segmentation>(),
  'segments.change': call<{ readonly libraryId: string; readonly segmentationId: string; readonly change: SegmentChange }, Segmentation>(),
  'segments.remove': call<{ readonly segmentationId: string }, undefined>(),
  'segments.picture': call<{ readonly libraryId: string; readonly segmentationId: string; readonly row: number }, PictureSegments>(),
  'segments.pixels': call<SegmentPixelsRequest, SegmentPixels>(),
  'segments.measures': call<{ readonly libraryId: string; readonly segmentationId: string; readonly row: number }, readonly SegmentMeasure[]>(),
  /** All pictures that have it. */
  'segments.pictures': call<{ readonly libraryId: string; readonly segmentationId: string; readonly segment: number }, SegmentPictures>(),
  /** Patches nearest to its centre: what it is, at a glance. */
  'segments.typical': call<TypicalPatchesRequest, readonly TypicalPatch[]>(),
  /** Segment of each point of a map of patches, int32 [points]; −1 where there is none. */
  'segments.map': call<{ readonly libraryId: string; readonly mapId: string; readonly segmentationId: string }, { readonly labels: Int32Array }>(),
  'segments.export': job<SegmentExportRequest, SegmentEvent, SegmentExportResult>(),

  'heads.list': call<undefined, readonly HeadInfo[]>(),
  /** An official head (.pth); `maxDepth` where the file does not say. */
  'heads.import': job<{ readonly path: string; readonly name: string | undefined; readonly maxDepth: number | undefined }, Progress, HeadInfo>(),
  'heads.rename': call<{ readonly headId: string; readonly name: string }, HeadInfo>(),
  'heads.remove': call<{ readonly headId: string }, undefined>(),
  'heads.train': job<TrainHeadRequest, TrainHeadEvent, HeadInfo>(),
  /** The head as an ONNX file: tokens in, depth or logits out. */
  'heads.export': job<{ readonly headId: string }, Progress, DepthExportResult>(),
  /** Depth of many pictures; numbers of each are kept. */
  'depth.run': job<DepthLibraryRequest, HeadEvent, DepthNumbers>(),
  'depth.numbers': call<Omit<DepthLibraryRequest, 'rows'>, DepthNumbers>(),
  /** Depth of each point of a map of patches; pictures whose depth is not known yet are measured, and kept. */
  'depth.map': job<DepthMapRequest, HeadEvent, PatchDepths>(),
  'depth.export': job<DepthExportRequest, HeadEvent, DepthExportResult>(),

  'labels.list': call<{ readonly libraryId: string }, readonly LabelSetInfo[]>(),
  'labels.create': call<{ readonly libraryId: string; readonly modelId: string; readonly name: string }, LabelSetInfo>(),
  'labels.change': call<{ readonly libraryId: string; readonly labelSetId: string; readonly change: LabelChange }, LabelSetInfo>(),
  'labels.remove': call<{ readonly labelSetId: string }, undefined>(),
  'labels.predict': job<PredictRequest, Progress, Prediction>(),
  'labels.picture': call<PredictRequest & { readonly row: number }, PictureLabels>(),
  'labels.export': job<LabelExportRequest, SegmentEvent, LabelExportResult>(),

  'propagate.segments': call<FirstSegmentsRequest, FirstSegments>(),
  'propagate.run': job<PropagateRequest, PropagateEvent, PropagateResult>(),
  'propagate.export': job<PropagateExportRequest, Progress, PropagateExportResult>(),

  'embed.status': call<{ readonly libraryId: string }, readonly VectorStatus[]>(),
  /** Embeds what has no vectors of this model yet. Cancelled, it goes on from there when it is started again. */
  'embed.run': job<EmbedLibraryRequest, EmbedEvent, EmbedLibraryResult>(),
  /** Writes vectors that are there as a file. */
  'embed.export': job<ExportVectorsRequest, EmbedEvent, EmbedResult>(),
  /** The bytes from `offset` on, a part at a time; for the export route, which streams them to the person's disk. */
  'embed.file': call<{ readonly exportId: string; readonly name: string; readonly offset: number }, ExportedFile>(),

  'search.images': call<SearchRequest, SearchResult>(),
  /** A dropped or pasted picture, to be searched by. */
  'search.upload': call<{ readonly name: string; readonly bytes: Uint8Array }, { readonly uploadId: string }>(),
  'search.patches': call<PatchSearchRequest, PatchSearchResult>(),
  /** Builds an approximate index and measures it. */
  'search.buildIndex': job<VectorSpace & { readonly libraryId: string }, Progress, SearchIndexInfo>(),
  'search.index': call<VectorSpace, SearchIndexInfo | undefined>(),

  /** Computed once and stored; asked for again it comes at once. */
  'map.project': job<MapRequest, Progress, MapData>(),
  'map.stored': call<{ readonly libraryId: string }, readonly MapInfo[]>(),
  'map.load': call<{ readonly libraryId: string; readonly mapId: string }, MapData>(),

  'structure.cluster': job<ClusterRequest, Progress, Clustering>(),
  'structure.clusterings': call<{ readonly libraryId: string }, readonly ClusteringInfo[]>(),
  'structure.clustering': call<{ readonly libraryId: string; readonly clusteringId: string }, Clustering>(),
  'structure.change': call<{ readonly libraryId: string; readonly clusteringId: string; readonly change: ClusteringChange }, Clustering>(),
  'structure.removeClustering': call<{ readonly clusteringId: string }, undefined>(),
  'structure.duplicates': job<DuplicateRequest, Progress, DuplicatePairs>(),
  'structure.outliers': job<OutlierRequest, Progress, Outliers>(),
  'structure.curate': job<CurateRequest, Progress, CurationPlan>(),

  'sets.list': call<{ readonly libraryId: string }, readonly SetInfo[]>(),
  'sets.create': call<{ readonly libraryId: string; readonly kind: SetKind; readonly name: string; readonly rows: Uint32Array }, SetInfo>(),
  'sets.change': call<{ readonly libraryId: string; readonly setId: string; readonly change: SetChange }, SetInfo>(),
  'sets.rows': call<{ readonly libraryId: string; readonly setId: string }, { readonly rows: Uint32Array }>(),
  /** It can be brought back for as long as the engine runs. */
  'sets.remove': call<{ readonly setId: string }, undefined>(),
  'sets.restore': call<{ readonly libraryId: string; readonly setId: string }, SetInfo>(),
  /** Copies originals; they themselves are never moved or written. */
  'sets.copy': job<CopyRequest, CopyEvent, CopyResult>(),

  /** Writes a model as one file, opens it again and compares it with the engine on real pictures. */
  'models.export': job<ModelExportRequest, ModelExportEvent, ModelExportResult>(),

  /** Scores features on class folders; each score is kept as it comes, and stays when the rest is cancelled. */
  'evaluate.run': job<EvaluateRequest, EvaluateEvent, EvaluateResult>(),
  'evaluate.list': call<undefined, EvaluationList>(),
  'evaluate.remove': call<{ readonly evaluationIds: readonly string[] }, undefined>(),
  'evaluate.export': call<EvaluationExportRequest, EvaluationExport>(),

  'precision.state': call<{ readonly modelId: string }, PrecisionState>(),
  /** Runs pictures through fp32 and another precision in turns; what it finds is kept. */
  'precision.measure': job<PrecisionMeasureRequest, Progress, PrecisionCard>(),
  /** What a model is computed in from now on; other than fp32 only what was measured here and is near enough. */
  'precision.set': call<{ readonly modelId: string; readonly precision: Precision }, PrecisionState>(),

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
