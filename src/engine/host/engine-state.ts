/** @file What the engine keeps between requests, made once and shared by the handlers of every domain. */
import { join } from 'node:path'
import { EngineError, messageOf, type EngineContract, type LibraryChanges, type PushValueOf, type RunInfo } from '../contract'
import { openCodeProducts, type CodeProducts } from '../collection'
import { analysisBytes, loadBackbone, openRowProducts, type AnalysisState, type Backbone, type RowProducts } from '../inference'
import { createLibraries, openStore, type Libraries, type Store } from '../library'
import type { EngineOptions } from '../link'
import { createRuntime, type Runtime } from '../runtime'
import { createAnalyses, type Analyses } from './analyses'
import { createBackboneCache, type BackboneCache } from './backbone-cache'
import { createClusterings, type Clusterings } from './clusterings'
import { createColourBases, type ColourBases } from './colour-bases'
import { createKeptDepths, type KeptDepths } from './depth/kept-depths'
import { createEvaluations, type Evaluations } from './evaluation/evaluations'
import { createExports, type Exports } from './exports'
import { createOnnxTrials } from './foreign/try-onnx'
import { createHashRowsCache, type HashRowsCache } from './hash-rows'
import { createHeads, type Heads } from './heads'
import { createLabelSets, type LabelSets } from './label-sets'
import { createLookSpeeds, type LookSpeeds } from './look-speeds'
import { createMapStorage, type MapStorage } from './maps'
import { removeUnfinished } from '../weights'
import { createComparisons, type Comparisons } from './model-pairs/comparisons'
import { measureMacs } from './measure-macs'
import { createModelStore, type ModelStore } from './model-store'
import { createKeptPrecisions, precisionFile, type KeptPrecisions } from './precision/kept-precisions'
import { precisionOf } from './precision/precision-of'
import { createPictureSets, type PictureSets } from './picture-sets'
import { createPatchChunks, type PatchChunks } from './patch-chunks'
import { writeActiveRuns } from './runs/active-runs'
import { createDiskRunStore, type DiskRunStore } from './runs/disk-store'
import { createProbePictures, type ProbePictures } from './runs/probe-pictures'
import { createRuns, type Runs } from './runs/runs'
import { forkTrainer } from './trainer/fork-trainer'
import type { StartTrainer, TrainerProcess } from './trainer/process'
import { createSegmentations, type Segmentations } from './segmentations'
import { createUploads, type Uploads } from './uploads'
import { createVectorSetCache, type VectorSetCache } from './vector-set-cache'

/** Two models can be compared without loading either again. */
const keptBackbones = 2
/** Enough to go back and forth between neighbours in a folder. */
const keptAnalyses = 8
/** Those of pictures that were looked at in tiles may take hundreds of megabytes each. */
const analysesBudget = { bytes: 768 * 2 ** 20, sizeOf: analysisBytes }

export interface EngineState {
  readonly options: EngineOptions
  /** Providers are probed while the first pictures are already being shown. */
  readonly runtime: Promise<Runtime>
  readonly models: ModelStore
  readonly precisions: KeptPrecisions
  readonly backbones: BackboneCache<Backbone>
  readonly analyses: Analyses<AnalysisState>
  readonly lookSpeeds: LookSpeeds
  /** What the workspace knows of pictures; this engine alone writes to it. */
  readonly store: Promise<Store>
  readonly libraries: Libraries
  readonly exports: Exports
  readonly runs: Runs
  readonly runStore: DiskRunStore
  readonly probePictures: ProbePictures
  readonly vectorSets: VectorSetCache
  readonly comparisons: Comparisons
  readonly hashRows: HashRowsCache
  readonly patchChunks: PatchChunks
  readonly maps: MapStorage
  readonly clusterings: Clusterings
  readonly colours: ColourBases
  readonly heads: Heads
  readonly depths: KeptDepths
  readonly labelSets: LabelSets
  readonly segmentations: Segmentations
  readonly evaluations: Evaluations
  readonly sets: PictureSets
  readonly uploads: Uploads
  /** One session for products of rows, opened when it is first wanted. */
  readonly rowProducts: () => Promise<RowProducts>
  /** Multiply-accumulates a second of matrix products here, measured once. */
  readonly macsPerSecond: () => Promise<number>
  /** Likewise for products of compact patch tokens. */
  readonly codeProducts: () => Promise<CodeProducts>
  /** Tells every client how fast the last work was. */
  tellThroughput(throughput: PushValueOf<EngineContract['engine.throughput']>): void
}

/** What the engine tells by itself, and what its process can do for it. */
export interface EngineSurroundings {
  tellThroughput: EngineState['tellThroughput']
  tellRun(info: RunInfo): void
  tellLibrary(changes: LibraryChanges): void
  /** Where it is absent, the trainer is forked. */
  readonly startTrainer: StartTrainer | undefined
}

/** What is opened when it is first wanted, and then shared. A failure is met by everyone who asks. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined
  return () => (opened ??= open())
}

/**
 * Makes the state of one engine.
 * @throws EngineError BUSY when another process uses the workspace, BAD_REQUEST for one of a newer version, DISK when it cannot be used
 */
export async function createEngineState(options: EngineOptions, { tellThroughput, tellRun, tellLibrary, startTrainer }: EngineSurroundings): Promise<EngineState> {
  // First of all: nothing of a workspace is touched that another process uses.
  const store = await openStore(options.workspace, { mode: 'write' })
  store.onMended(({ table, what }) => process.stderr.write(`dinoscope engine: ${table}: ${what}\n`))
  const runtime = createRuntime({ preferred: options.provider, threads: options.threads })
  // Whoever needs it meets the failure; until then it must not end the process.
  runtime.catch(() => undefined)
  const modelsFolder = join(options.workspace, 'models')
  await removeUnfinished(modelsFolder)
  const precisions = createKeptPrecisions(join(options.workspace, precisionFile), (line) => process.stderr.write(`dinoscope engine: ${line}\n`))
  const analyses = createAnalyses<AnalysisState>(keptAnalyses, analysesBudget)
  const runStore = createDiskRunStore(join(options.workspace, 'runs'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`))
  const fork = (): TrainerProcess => {
    if (options.trainerModule !== undefined) return forkTrainer(options.trainerModule)
    throw new EngineError('INTERNAL', 'this engine was started without a trainer process')
  }
  const models = createModelStore({ bundledFolder: join(options.resources, 'models'), modelsFolder, tryOnnx: createOnnxTrials(startTrainer ?? fork), precisionOf: (sha256) => precisionOf(precisions, runtime, sha256) })
  const load = async (modelId: string): Promise<Backbone> => loadBackbone(await runtime, await models.find(modelId))
  const runs = createRuns({
    store: runStore,
    machine: { provider: options.provider, threads: options.threads },
    startTrainer: startTrainer ?? fork,
    onChange: tellRun,
    onActive: (runIds) => {
      writeActiveRuns(options.workspace, runIds)
    },
  })
  const rowProducts = once(async () => (await openRowProducts(await runtime)).products)
  return {
    options,
    runtime,
    models,
    precisions,
    backbones: createBackboneCache(keptBackbones, load, analyses.forgetModel),
    analyses,
    lookSpeeds: createLookSpeeds(),
    store: Promise.resolve(store),
    libraries: createLibraries({
      files: store.files,
      workspace: options.workspace,
      onChanged: tellLibrary,
      onTrouble: (error) => process.stderr.write(`dinoscope engine: ${messageOf(error)}\n`),
    }),
    exports: await createExports(join(options.workspace, 'exports')),
    runs,
    runStore,
    probePictures: createProbePictures(),
    vectorSets: createVectorSetCache(),
    comparisons: createComparisons(),
    hashRows: createHashRowsCache(),
    patchChunks: createPatchChunks(),
    maps: createMapStorage(join(options.workspace, 'maps'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    clusterings: createClusterings(join(options.workspace, 'clusterings'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    colours: createColourBases(join(options.workspace, 'colours'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    heads: createHeads(join(options.workspace, 'heads'), () => runtime, (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    depths: createKeptDepths(join(options.workspace, 'depths')),
    labelSets: createLabelSets(join(options.workspace, 'labels'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    segmentations: createSegmentations(join(options.workspace, 'segmentations'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    evaluations: createEvaluations(join(options.workspace, 'evaluations')),
    sets: createPictureSets(join(options.workspace, 'sets'), (line) => process.stderr.write(`dinoscope engine: ${line}\n`)),
    uploads: createUploads(),
    rowProducts,
    macsPerSecond: once(async () => measureMacs(await rowProducts())),
    codeProducts: once(async () => openCodeProducts(await runtime)),
    tellThroughput,
  }
}

/** Frees everything; for the end of the process. */
export async function disposeEngineState({ backbones, exports, heads, libraries, runtime, store }: EngineState): Promise<void> {
  await libraries.dispose()
  // Before what only takes time: whoever wants the workspace next waits for its lock.
  await (await store).close()
  await exports.dispose()
  await heads.dispose()
  await backbones.dispose()
  const started = await runtime.catch(() => undefined)
  await started?.dispose()
}
