/** @file One schema per request of the engine's contract: what the door lets in. */
import { z } from 'zod'
import { EngineError, type ArgumentOf, type EngineContract, type Handlers } from '../contract'
import { checkPlainData, requestLimits, type RequestLimits } from './plain-data'

type RequestName = keyof Handlers<EngineContract>
type Schemas = { readonly [K in RequestName]: z.ZodType<ArgumentOf<EngineContract[K]>> }

const nothing = z.undefined()
const path = z.string().min(1).max(4096)
const id = z.string().min(1).max(200)
const count = (max: number): z.ZodInt => z.int().min(0).max(max)

// Above any picture the engine takes (128 megapixels), so the engine's own limits speak first.
const maxEdge = 65_536
const maxPatch = 10_000_000
const maxLayer = 1000

// A recipe with every key written out has some 8 KB; the largest folder that is promised to work has 100 000 pictures.
const maxRecipe = 2 ** 16
const maxImages = 100_000

const recipe = z.string().max(maxRecipe)
const runId = z.strictObject({ runId: id })
const personsName = z.string().trim().min(1).max(200)
const libraryId = z.strictObject({ libraryId: id })
const clusteringId = z.strictObject({ libraryId: id, clusteringId: id })

const someRows = z.instanceof(Uint32Array)
/** JSON leaves undefined out; the handlers want the key. */
const someOrAll = <T extends { readonly rows?: Uint32Array | undefined }>(argument: T) => ({ ...argument, rows: argument.rows })
const rows = someRows.optional()
const precisions = z.enum(['fp32', 'fp16', 'int8'])
const poolings = ['cls', 'mean', 'cls+mean'] as const
const space = { modelId: id, pooling: z.enum(poolings) }
const chosen = { ...space, libraryId: id, rows }
const maxSeed = 2 ** 32 - 1
const maxClusters = 10_000
const maxExamples = 100
const maxTop = 1_000_000
const maxPatchQuery = 500
/** Each hit brings its field of similarities. */
const maxPatchHits = 1000
const sign = z.union([z.literal(1), z.literal(-1)])
const example = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('row'), row: count(maxPatch), sign }),
  z.strictObject({ kind: z.literal('upload'), uploadId: id, sign }),
])

const segmentationId = z.strictObject({ libraryId: id, segmentationId: id })
const pair = z.strictObject({ left: id, right: id })
const triple = z.tuple([z.number(), z.number(), z.number()])
const onnxMapping = z.strictObject({
  output: z.string().min(1).max(4096),
  leadingTokens: count(1000),
  mean: triple,
  std: triple.refine((std) => std.every((value) => value > 0), { message: 'a standard deviation is not positive' }),
  size: z.int().min(1).max(8192),
})
const headView = z.strictObject({ analysisId: id, headId: id })
const rgb = z.tuple([count(255), count(255), count(255)])
const maxSegments = 4096
const maxClasses = 255
const edges = z.enum(['raw', 'guided', 'bilateral'])
const predict = z.strictObject({ libraryId: id, labelSetId: id, subject: z.enum(['pictures', 'patches']), method: z.enum(['knn', 'linear']) })
const depthLibrary = z.strictObject({ libraryId: id, rows, modelId: id, headId: id })
const label = count(maxClasses - 1)
const somePatches = z.instanceof(Uint32Array).optional()
/** As for rows: JSON leaves undefined out. */
const namedPatches = <T extends { readonly patches?: Uint32Array | undefined }>(argument: T) => ({ ...argument, patches: argument.patches })

const evaluations = z.strictObject({ evaluationIds: z.array(id).min(1).max(900) })

const analysisSize = z.union([z.int().min(1).max(maxEdge), z.literal('native'), z.literal('evaluation')])

const plan = z.strictObject({
  name: personsName,
  images: z.strictObject({ libraryId: id, imageIds: z.array(id).max(maxImages).optional() }).transform(({ libraryId, imageIds }) => ({ libraryId, imageIds })),
  recipe,
  init: id,
})

const planLimits: RequestLimits = { ...requestLimits, values: maxImages + 100, stringLength: maxRecipe, characters: 4 * 2 ** 20 }
/** The requests that may hold more than others. */
const limits: Readonly<Partial<Record<RequestName, RequestLimits>>> = {
  // A dropped picture as it comes from the disk.
  'search.upload': { ...requestLimits, bytes: 64 * 2 ** 20 },
  'train.check': { ...requestLimits, stringLength: maxRecipe },
  'train.card': planLimits,
  'train.start': planLimits,
}

const schemas: Schemas = {
  'engine.status': nothing,
  'library.browse': z.strictObject({ path: path.optional() }).transform((argument) => ({ path: argument.path })),
  'library.open': z.strictObject({ path }),
  'library.samples': nothing,
  'library.close': libraryId,
  'library.folders': nothing,
  'library.forget': z.strictObject({ path }),
  'image.render': z.strictObject({ imageId: id, maxEdge: z.int().min(1).max(maxEdge) }),
  'models.list': nothing,
  'models.inspectOnnx': z.strictObject({ path }),
  'models.import': z
    .strictObject({ path, name: z.string().min(1).max(200).optional(), onnx: onnxMapping.optional() })
    .transform((argument) => ({ path: argument.path, name: argument.name, onnx: argument.onnx })),
  'models.remove': z.strictObject({ modelId: id }),
  'models.export': z
    .strictObject({ modelId: id, format: z.enum(['onnx', 'safetensors']), bakedSize: z.tuple([z.int().min(1).max(maxEdge), z.int().min(1).max(maxEdge)]).optional(), precision: z.enum(['fp32', 'fp16']).optional() })
    .transform((argument) => ({ modelId: argument.modelId, format: argument.format, bakedSize: argument.bakedSize, precision: argument.precision })),
  'precision.state': z.strictObject({ modelId: id }),
  'precision.measure': z.strictObject({ modelId: id, libraryId: id.optional(), precision: precisions }).transform((argument) => ({ ...argument, libraryId: argument.libraryId })),
  'precision.set': z.strictObject({ modelId: id, precision: precisions }),
  'hub.list': nothing,
  'hub.download': z.strictObject({ entryId: id, mirror: z.string().max(2048).optional() }).transform((argument) => ({ entryId: argument.entryId, mirror: argument.mirror })),
  'view.analyse': z.strictObject({
    imageId: id,
    modelId: id,
    size: analysisSize,
    tiled: z.boolean().optional(),
  }),
  'view.attention': z.strictObject({ analysisId: id, layer: count(maxLayer), query: z.union([z.literal('cls'), count(maxPatch)]) }),
  'view.similarity': z.strictObject({ analysisId: id, patch: count(maxPatch) }),
  'view.estimate': z.strictObject({ imageId: id, modelId: id, size: analysisSize, tiled: z.boolean() }),
  'view.parts': z.strictObject({ analysisId: id }),
  'view.object': z.strictObject({ analysisId: id, method: z.enum(['tokencut', 'lost']) }),
  'view.artefacts': z.strictObject({ analysisId: id }),
  'view.refine': z.strictObject({ analysisId: id, labels: z.instanceof(Uint8Array), method: z.enum(['guided', 'bilateral']), maxEdge: z.int().min(1).max(maxEdge) }),
  'view.colours': z.strictObject({ analysisId: id, basisId: id }),
  'view.depth': headView,
  'view.classes': headView,
  'match.patch': pair.extend({ patch: count(maxPatch) }),
  'match.mutual': pair.extend({ top: z.int().min(1).max(10_000) }),
  'match.common': pair.extend({ parts: z.int().min(1).max(32) }),
  'compare.models': z.strictObject({ libraryId: id, rows, modelA: id, modelB: id, pooling: z.enum(poolings), k: z.int().min(1).max(100) }).transform(someOrAll),
  'compare.neighbours': z.strictObject({ comparisonId: id, row: count(maxPatch) }),
  'compare.colours': pair,
  'colours.create': z.strictObject({ libraryId: id, rows, modelId: id, name: personsName }).transform(someOrAll),
  'colours.list': nothing,
  'colours.rename': z.strictObject({ basisId: id, name: personsName }),
  'colours.remove': z.strictObject({ basisId: id }),
  'colours.map': z.strictObject({ libraryId: id, mapId: id, basisId: id }),
  'segments.find': z
    .strictObject({
      libraryId: id,
      rows,
      modelId: id,
      segments: z.union([z.int().min(2).max(maxSegments), z.literal('auto')]),
      restarts: z.int().min(1).max(100),
      seed: count(maxSeed),
    })
    .transform(someOrAll),
  'segments.list': libraryId,
  'segments.load': segmentationId,
  'segments.change': segmentationId.extend({
    change: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('rename'), segment: count(maxSegments), name: personsName }),
      z.strictObject({ kind: z.literal('recolour'), segment: count(maxSegments), colour: rgb }),
      z.strictObject({ kind: z.literal('merge'), segments: z.array(count(maxSegments)).min(2).max(900) }),
      z.strictObject({ kind: z.literal('coarsen'), segments: z.int().min(1).max(maxSegments) }),
      z.strictObject({ kind: z.literal('split'), segment: count(maxSegments), into: z.int().min(2).max(100) }),
      z.strictObject({ kind: z.literal('renameAll'), name: personsName }),
      z.strictObject({ kind: z.literal('undo') }),
    ]),
  }),
  'segments.remove': z.strictObject({ segmentationId: id }),
  'segments.picture': segmentationId.extend({ row: count(maxPatch) }),
  'segments.pixels': segmentationId.extend({ row: count(maxPatch), edges, maxEdge: z.int().min(1).max(maxEdge) }),
  'segments.measures': segmentationId.extend({ row: count(maxPatch) }),
  'segments.pictures': segmentationId.extend({ segment: count(maxSegments) }),
  'segments.typical': segmentationId.extend({ segment: count(maxSegments), top: z.int().min(1).max(100) }),
  'segments.map': segmentationId.extend({ mapId: id }),
  'segments.export': segmentationId.extend({ rows, what: z.enum(['masks', 'coco', 'csv']), edges, raw: z.boolean() }).transform(someOrAll),
  'heads.list': nothing,
  'heads.import': z
    .strictObject({ path, name: personsName.optional(), maxDepth: z.number().positive().max(1e6).optional() })
    .transform((argument) => ({ path: argument.path, name: argument.name, maxDepth: argument.maxDepth })),
  'heads.rename': z.strictObject({ headId: id, name: personsName }),
  'heads.remove': z.strictObject({ headId: id }),
  'heads.train': z
    .strictObject({
      libraryId: id,
      rows,
      modelId: id,
      kind: z.enum(['depth', 'classes']),
      name: personsName,
      targets: path,
      epochs: z.int().min(1).max(10_000),
      validation: z.number().min(0).max(0.9),
      seed: count(maxSeed),
    })
    .transform(someOrAll),
  'heads.export': z.strictObject({ headId: id }),
  'depth.run': depthLibrary.transform(someOrAll),
  'depth.numbers': z.strictObject({ libraryId: id, modelId: id, headId: id }),
  'depth.map': z.strictObject({ libraryId: id, mapId: id, headId: id }),
  'depth.export': depthLibrary.extend({ format: z.enum(['png', 'npy', 'csv']) }).transform(someOrAll),
  'labels.list': libraryId,
  'labels.create': z.strictObject({ libraryId: id, modelId: id, name: personsName }),
  'labels.change': z.strictObject({
    libraryId: id,
    labelSetId: id,
    change: z.union([
      z.strictObject({ kind: z.literal('addClass'), name: personsName, colour: rgb.optional() }).transform((change) => ({ ...change, colour: change.colour })),
      z.strictObject({ kind: z.literal('renameClass'), label, name: personsName }),
      z.strictObject({ kind: z.literal('recolourClass'), label, colour: rgb }),
      z.strictObject({ kind: z.literal('removeClass'), label }),
      z.strictObject({ kind: z.literal('name'), rows: someRows, patches: somePatches, label }).transform(namedPatches),
      z.strictObject({ kind: z.literal('nameSegment'), segmentationId: id, segment: count(maxSegments), label }),
      z.strictObject({ kind: z.literal('forget'), rows: someRows, patches: somePatches }).transform(namedPatches),
      z.strictObject({ kind: z.literal('undo') }),
    ]),
  }),
  'labels.remove': z.strictObject({ labelSetId: id }),
  'labels.predict': predict,
  'labels.picture': predict.extend({ row: count(maxPatch) }),
  'labels.export': predict.extend({ what: z.enum(['csv', 'masks', 'onnx']), raw: z.boolean() }),
  'propagate.segments': segmentationId.extend({ row: count(maxPatch), modelId: id, size: z.int().min(1).max(maxEdge) }),
  'propagate.run': z
    .strictObject({
      libraryId: id,
      rows,
      modelId: id,
      size: z.int().min(1).max(maxEdge),
      first: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('patches'), gridHeight: z.int().min(1).max(4096), gridWidth: z.int().min(1).max(4096), labels: z.instanceof(Uint8Array) }),
        z.strictObject({ kind: z.literal('upload'), uploadId: id }),
        z.strictObject({ kind: z.literal('segments'), segmentationId: id, segments: z.array(count(maxSegments)).min(1).max(maxSegments) }),
      ]),
    })
    .transform(someOrAll),
  'propagate.export': z.strictObject({ propagationId: id, what: z.enum(['masks', 'overlays']) }),
  'embed.status': libraryId,
  'embed.run': z.strictObject({ libraryId: id, rows, modelId: id, patches: z.boolean() }).transform(someOrAll),
  'embed.export': z.strictObject({
    libraryId: id,
    rows,
    modelId: id,
    pooling: z.enum([...poolings, 'patches']),
    format: z.enum(['csv', 'parquet', 'npy', 'arrow']),
    raw: z.boolean(),
  }).transform(someOrAll),
  'embed.file': z.strictObject({ exportId: id, name: id, offset: count(Number.MAX_SAFE_INTEGER) }),
  'search.images': z.strictObject({ ...space, libraryId: id, examples: z.array(example).min(1).max(maxExamples), top: z.int().min(1).max(maxTop), method: z.enum(['auto', 'exact', 'index']) }),
  'search.upload': z.strictObject({ name: z.string().max(1024), bytes: z.instanceof(Uint8Array) }),
  'search.patches': z.strictObject({ libraryId: id, analysisId: id, patches: z.array(count(maxPatch)).min(1).max(maxPatchQuery), top: z.int().min(1).max(maxPatchHits) }),
  'search.buildIndex': z.strictObject({ ...space, libraryId: id }),
  'search.index': z.strictObject(space),
  'map.project': z.strictObject({
    ...chosen,
    subject: z.enum(['images', 'patches']),
    method: z.enum(['pca', 'umap']),
    dims: z.union([z.literal(2), z.literal(3)]),
    neighbours: z.int().min(2).max(200),
    minDist: z.number().min(0).max(1),
    seed: count(maxSeed),
  }).transform(someOrAll),
  'map.stored': libraryId,
  'map.load': z.strictObject({ libraryId: id, mapId: id }),
  'structure.cluster': z.strictObject({
    ...chosen,
    method: z.enum(['kmeans', 'density']),
    clusters: z.union([z.int().min(2).max(maxClusters), z.literal('auto')]),
    smallest: z.int().min(2).max(maxImages),
    restarts: z.int().min(1).max(100),
    seed: count(maxSeed),
  }).transform(someOrAll),
  'structure.clusterings': libraryId,
  'structure.clustering': clusteringId,
  'structure.change': clusteringId.extend({
    change: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('rename'), cluster: count(maxClusters), name: personsName }),
      z.strictObject({ kind: z.literal('merge'), clusters: z.array(count(maxClusters)).min(2).max(900) }),
      z.strictObject({ kind: z.literal('split'), cluster: count(maxClusters), into: z.int().min(2).max(100) }),
      z.strictObject({ kind: z.literal('undo') }),
    ]),
  }),
  'structure.removeClustering': z.strictObject({ clusteringId: id }),
  'structure.duplicates': z.strictObject({ ...chosen, floor: z.number().min(0).max(1) }).transform(someOrAll),
  'structure.outliers': z.strictObject({ ...chosen, neighbours: z.int().min(1).max(200) }).transform(someOrAll),
  'structure.curate': z.strictObject({
    ...chosen,
    duplicateSimilarity: z.number().min(0).max(1),
    clusters: z.int().min(1).max(maxClusters),
    target: z.int().min(1).max(10_000_000),
    seed: count(maxSeed),
  }).transform(someOrAll),
  'sets.list': libraryId,
  'sets.create': z.strictObject({ libraryId: id, kind: z.enum(['selection', 'tag']), name: personsName, rows: someRows }),
  'sets.change': z.strictObject({
    libraryId: id,
    setId: id,
    change: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('rename'), name: personsName }),
      z.strictObject({ kind: z.enum(['add', 'take', 'replace']), rows: someRows }),
    ]),
  }),
  'sets.rows': z.strictObject({ libraryId: id, setId: id }),
  'sets.remove': z.strictObject({ setId: id }),
  'sets.restore': z.strictObject({ libraryId: id, setId: id }),
  'sets.copy': z.strictObject({ libraryId: id, rows: someRows, folder: path, keepFolders: z.boolean() }),
  'evaluate.run': z
    .strictObject({
      folder: path,
      testFolder: path.optional(),
      modelIds: z.array(id).max(1000),
      pixels: z.boolean(),
      protocols: z.array(z.enum(['knn', 'linear', 'retrieval'])).min(1).max(3),
      pooling: z.enum(poolings),
      perClass: z.int().min(1).max(1e9).optional(),
    })
    .transform((argument) => ({ ...argument, testFolder: argument.testFolder, perClass: argument.perClass })),
  'evaluate.list': nothing,
  'evaluate.remove': evaluations,
  'evaluate.export': evaluations.extend({ format: z.enum(['csv', 'json']) }),
  'train.presets': nothing,
  'train.check': z.strictObject({ recipe }),
  'train.card': plan,
  'train.start': plan,
  'runs.list': nothing,
  'runs.recipe': runId,
  // A metric of before the first step is asked for with -1.
  'runs.metrics': z.strictObject({ runId: id, afterStep: z.int().min(-1).max(Number.MAX_SAFE_INTEGER) }),
  'runs.probes': runId,
  'runs.resume': runId,
  'runs.pause': z.strictObject({ runId: id, paused: z.boolean() }),
  'runs.stop': runId,
  'runs.finishBy': z.strictObject({ runId: id, at: z.iso.datetime({ offset: true }).optional() }).transform((argument) => ({ runId: argument.runId, at: argument.at })),
  'runs.rename': z.strictObject({ runId: id, name: personsName }),
  'runs.delete': runId,
  'runs.report': runId,
  'runs.teacher': z.strictObject({ runId: id, checkpoint: z.enum(['newest', 'best']) }),
}

function describe(issue: z.core.$ZodIssue): string {
  const field = issue.path.length === 0 ? 'the argument' : issue.path.join('.')
  if (issue.code === 'unrecognized_keys') return `${field} has unknown fields: ${issue.keys.map((key) => key.slice(0, 64)).join(', ')}`
  return `${field}: ${issue.message}`
}

/**
 * The typed argument of one request.
 * @throws EngineError BAD_REQUEST naming the request and the field
 */
export function parseRequest(name: string, argument: unknown): unknown {
  checkPlainData(name, argument, Object.hasOwn(limits, name) ? limits[name as RequestName] : requestLimits)
  if (!Object.hasOwn(schemas, name)) throw new EngineError('BAD_REQUEST', `there is no request named ${JSON.stringify(name.slice(0, 64))}`)
  const result = schemas[name as RequestName].safeParse(argument)
  if (result.success) return result.data
  const [first] = result.error.issues
  const field = first === undefined ? '' : first.path.join('.')
  throw new EngineError('BAD_REQUEST', `${name}: ${first === undefined ? 'not understood' : describe(first)}`, { detail: { name, field } })
}
