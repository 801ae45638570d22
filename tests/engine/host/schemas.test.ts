/** @file The door of the engine: every request against everything that must not get in. */
import { describe, expect, it } from 'vitest'
import { engineContract, isEngineError } from '../../../src/engine/contract'
import { parseRequest } from '../../../src/engine/host'

const plan = { name: 'Night one', images: { libraryId: 'l1', imageIds: ['i1', 'i2'] }, recipe: 'preset: tiny-smoke\n', init: 'auto' }

const space = { modelId: 'm1', pooling: 'cls' }
const rows = Uint32Array.of(0, 2)
const chosen = { ...space, libraryId: 'l1', rows }

const good: Readonly<Record<string, unknown>> = {
  'engine.status': undefined,
  'library.browse': { path: '/photos' },
  'library.open': { path: '/photos' },
  'library.samples': undefined,
  'library.close': { libraryId: 'l1' },
  'image.render': { imageId: 'i1', maxEdge: 256 },
  'models.list': undefined,
  'models.inspectOnnx': { path: '/m/foreign.onnx' },
  'models.import': { path: '/m', name: undefined, onnx: { output: 'y', leadingTokens: 1, mean: [0, 0, 0], std: [1, 1, 1], size: 224 } },
  'models.remove': { modelId: 'm1' },
  'view.analyse': { imageId: 'i1', modelId: 'm1', size: 448 },
  'view.attention': { analysisId: 'a1', layer: 11, query: 'cls' },
  'view.similarity': { analysisId: 'a1', patch: 7 },
  'evaluate.run': { folder: '/photos/train', testFolder: '/photos/test', modelIds: ['m1', 'm2'], pixels: true, protocols: ['knn', 'linear', 'retrieval'], pooling: 'cls', perClass: 100 },
  'evaluate.list': undefined,
  'evaluate.remove': { evaluationIds: ['e1'] },
  'evaluate.export': { evaluationIds: ['e1', 'e2'], format: 'csv' },
  'precision.state': { modelId: 'm1' },
  'precision.measure': { modelId: 'm1', libraryId: 'l1', precision: 'int8' },
  'precision.set': { modelId: 'm1', precision: 'fp32' },
  'hub.list': undefined,
  'hub.download': { entryId: 'dinov2-vits14', mirror: 'http://mirror.local' },
  'view.estimate': { imageId: 'i1', modelId: 'm1', size: 'native', tiled: true },
  'view.parts': { analysisId: 'a1' },
  'view.object': { analysisId: 'a1', method: 'tokencut' },
  'view.artefacts': { analysisId: 'a1' },
  'view.refine': { analysisId: 'a1', labels: new Uint8Array(4), method: 'guided', maxEdge: 512 },
  'view.colours': { analysisId: 'a1', basisId: 'b1' },
  'view.depth': { analysisId: 'a1', headId: 'h1' },
  'view.classes': { analysisId: 'a1', headId: 'h1' },
  'match.patch': { left: 'a1', right: 'a2', patch: 7 },
  'match.mutual': { left: 'a1', right: 'a2', top: 100 },
  'match.common': { left: 'a1', right: 'a2', parts: 4 },
  'compare.models': { libraryId: 'l1', rows, modelA: 'm1', modelB: 'm2', pooling: 'cls', k: 10 },
  'compare.neighbours': { comparisonId: 'c1', row: 3 },
  'compare.colours': { left: 'a1', right: 'a2' },
  'colours.create': { libraryId: 'l1', rows, modelId: 'm1', name: 'Leaves' },
  'colours.list': undefined,
  'colours.rename': { basisId: 'b1', name: 'Leaves' },
  'colours.remove': { basisId: 'b1' },
  'colours.map': { libraryId: 'l1', mapId: 'p1', basisId: 'b1' },
  'segments.find': { libraryId: 'l1', rows, modelId: 'm1', segments: 'auto', restarts: 3, seed: 1 },
  'segments.list': { libraryId: 'l1' },
  'segments.load': { libraryId: 'l1', segmentationId: 's1' },
  'segments.change': { libraryId: 'l1', segmentationId: 's1', change: { kind: 'recolour', segment: 3, colour: [255, 0, 10] } },
  'segments.remove': { segmentationId: 's1' },
  'segments.picture': { libraryId: 'l1', segmentationId: 's1', row: 3 },
  'segments.pixels': { libraryId: 'l1', segmentationId: 's1', row: 3, edges: 'guided', maxEdge: 512 },
  'segments.measures': { libraryId: 'l1', segmentationId: 's1', row: 3 },
  'segments.pictures': { libraryId: 'l1', segmentationId: 's1', segment: 7 },
  'segments.typical': { libraryId: 'l1', segmentationId: 's1', segment: 7, top: 8 },
  'segments.map': { libraryId: 'l1', segmentationId: 's1', mapId: 'p1' },
  'segments.export': { libraryId: 'l1', segmentationId: 's1', rows, what: 'coco', edges: 'raw', raw: false },
  'heads.list': undefined,
  'heads.import': { path: '/models/head.pth', name: 'Rooms', maxDepth: 10 },
  'heads.rename': { headId: 'h1', name: 'Rooms' },
  'heads.remove': { headId: 'h1' },
  'heads.train': { libraryId: 'l1', rows, modelId: 'm1', kind: 'depth', name: 'Rooms', targets: '/depths', epochs: 20, validation: 0.2, seed: 1 },
  'heads.export': { headId: 'h1' },
  'depth.run': { libraryId: 'l1', rows, modelId: 'm1', headId: 'h1' },
  'depth.numbers': { libraryId: 'l1', modelId: 'm1', headId: 'h1' },
  'depth.map': { libraryId: 'l1', mapId: 'p1', headId: 'h1' },
  'depth.export': { libraryId: 'l1', rows, modelId: 'm1', headId: 'h1', format: 'png' },
  'labels.list': { libraryId: 'l1' },
  'labels.create': { libraryId: 'l1', modelId: 'm1', name: 'Weeds' },
  'labels.change': { libraryId: 'l1', labelSetId: 's1', change: { kind: 'name', rows, patches: Uint32Array.of(4), label: 0 } },
  'labels.remove': { labelSetId: 's1' },
  'labels.predict': { libraryId: 'l1', labelSetId: 's1', subject: 'patches', method: 'linear' },
  'labels.picture': { libraryId: 'l1', labelSetId: 's1', subject: 'patches', method: 'linear', row: 3 },
  'labels.export': { libraryId: 'l1', labelSetId: 's1', subject: 'pictures', method: 'knn', what: 'csv', raw: false },
  'propagate.segments': { libraryId: 'l1', segmentationId: 's1', row: 3, modelId: 'm1', size: 480 },
  'propagate.run': { libraryId: 'l1', rows, modelId: 'm1', size: 480, first: { kind: 'patches', gridHeight: 1, gridWidth: 2, labels: Uint8Array.of(0, 1) } },
  'propagate.export': { propagationId: 'p1', what: 'masks' },
  'library.folders': undefined,
  'library.forget': { path: '/photos' },
  'embed.status': { libraryId: 'l1' },
  'embed.run': { libraryId: 'l1', rows, modelId: 'm1', patches: true },
  'embed.export': { libraryId: 'l1', rows, modelId: 'm1', pooling: 'patches', format: 'parquet', raw: false },
  'embed.file': { exportId: 'e1', name: 'embeddings.csv', offset: 0 },
  'search.images': { ...space, libraryId: 'l1', examples: [{ kind: 'row', row: 3, sign: 1 }, { kind: 'upload', uploadId: 'u1', sign: -1 }], top: 50, method: 'auto' },
  'search.upload': { name: 'a.jpg', bytes: new Uint8Array(3) },
  'search.patches': { libraryId: 'l1', analysisId: 'a1', patches: [0, 7], top: 20 },
  'search.buildIndex': { ...space, libraryId: 'l1' },
  'search.index': space,
  'map.project': { ...chosen, subject: 'images', method: 'umap', dims: 3, neighbours: 15, minDist: 0.1, seed: 1 },
  'map.stored': { libraryId: 'l1' },
  'map.load': { libraryId: 'l1', mapId: 'p1' },
  'structure.cluster': { ...chosen, method: 'kmeans', clusters: 'auto', smallest: 5, restarts: 3, seed: 1 },
  'structure.clusterings': { libraryId: 'l1' },
  'structure.clustering': { libraryId: 'l1', clusteringId: 'c1' },
  'structure.change': { libraryId: 'l1', clusteringId: 'c1', change: { kind: 'merge', clusters: [0, 2] } },
  'structure.removeClustering': { clusteringId: 'c1' },
  'structure.duplicates': { ...chosen, floor: 0.8 },
  'structure.outliers': { ...chosen, neighbours: 10 },
  'structure.curate': { ...chosen, duplicateSimilarity: 0.96, clusters: 20, target: 100, seed: 1 },
  'sets.list': { libraryId: 'l1' },
  'sets.create': { libraryId: 'l1', kind: 'tag', name: 'sharp', rows },
  'sets.change': { libraryId: 'l1', setId: 's1', change: { kind: 'add', rows } },
  'sets.rows': { libraryId: 'l1', setId: 's1' },
  'sets.remove': { setId: 's1' },
  'sets.restore': { libraryId: 'l1', setId: 's1' },
  'sets.copy': { libraryId: 'l1', rows, folder: '/elsewhere', keepFolders: true },
  'models.export': { modelId: 'm1', format: 'onnx', bakedSize: [224, 224] },
  'train.presets': undefined,
  'train.check': { recipe: 'preset: tiny-smoke\n' },
  'train.card': plan,
  'train.start': plan,
  'runs.list': undefined,
  'runs.recipe': { runId: 'r1' },
  'runs.metrics': { runId: 'r1', afterStep: 120 },
  'runs.probes': { runId: 'r1' },
  'runs.resume': { runId: 'r1' },
  'runs.pause': { runId: 'r1', paused: true },
  'runs.stop': { runId: 'r1' },
  'runs.finishBy': { runId: 'r1', at: '2026-11-25T07:30:00.000Z' },
  'runs.rename': { runId: 'r1', name: 'Night two' },
  'runs.delete': { runId: 'r1' },
  'runs.report': { runId: 'r1' },
  'runs.teacher': { runId: 'r1', checkpoint: 'best' },
}
const requests = Object.entries(engineContract).filter(([, entry]) => entry.kind !== 'push').map(([name]) => name)

function refusal(name: string, argument: unknown): { readonly code: string; readonly message: string } {
  try {
    parseRequest(name, argument)
  } catch (error) {
    if (isEngineError(error)) return { code: error.code, message: error.message }
    throw error
  }
  return { code: 'ACCEPTED', message: '' }
}

const deep = (levels: number): unknown => {
  let value: unknown = 0
  for (let level = 0; level < levels; level++) value = { value }
  return value
}

describe('parseRequest', () => {
  it('has a good example here for every request of the contract', () => {
    expect(requests.filter((name) => !(name in good))).toEqual([])
  })

  it.each(requests)('lets a good %s through unchanged', (name) => {
    expect(parseRequest(name, good[name])).toEqual(good[name])
  })

  it.each([
    ['library.browse', {}, { path: undefined }],
    ['models.import', { path: '/a' }, { path: '/a', name: undefined }],
    ['train.start', { ...plan, images: { libraryId: 'l' } }, { ...plan, images: { libraryId: 'l', imageIds: undefined } }],
    ['runs.finishBy', { runId: 'r' }, { runId: 'r', at: undefined }],
    ['embed.run', { libraryId: 'l', modelId: 'm', patches: false }, { libraryId: 'l', rows: undefined, modelId: 'm', patches: false }],
    ['structure.outliers', { ...space, libraryId: 'l', neighbours: 10 }, { ...space, libraryId: 'l', rows: undefined, neighbours: 10 }],
    ['view.analyse', { imageId: 'i', modelId: 'm', size: 'native' }, { imageId: 'i', modelId: 'm', size: 'native' }],
    ['view.attention', { analysisId: 'a', layer: 0, query: 0 }, { analysisId: 'a', layer: 0, query: 0 }],
  ])('fills in what JSON leaves out: %s %j', (name, argument, expected) => {
    expect(parseRequest(name, argument)).toEqual(expected)
  })

  it('takes dropped pictures of up to 64 MiB, and no other request so many bytes', () => {
    const refused = (name: string, argument: unknown): string => refusal(name, argument).code
    const bytes = (megabytes: number): Uint8Array => new Uint8Array(megabytes * 2 ** 20)
    expect([
      refused('search.upload', { name: 'a.jpg', bytes: bytes(64) }),
      refused('search.upload', { name: 'a.jpg', bytes: bytes(65) }),
      refused('sets.create', { libraryId: 'l', kind: 'tag', name: 'n', rows: new Uint32Array(2 ** 20 + 1) }),
    ]).toEqual(['ACCEPTED', 'BAD_REQUEST', 'BAD_REQUEST'])
  })

  const bad: readonly (readonly [title: string, value: unknown])[] = [
    ['null', null],
    ['a number', 7],
    ['a string', 'x'],
    ['an array', []],
    ['an own __proto__', JSON.parse('{"__proto__":{"polluted":true}}')],
    ['a constructor field', { constructor: { prototype: {} } }],
    ['an unknown field', { surprise: 1 }],
    ['a string of 10 million characters', { path: 'x'.repeat(10_000_000) }],
    ['nesting of 100 000', deep(100_000)],
    ['a million values', { path: new Array<number>(1_000_000).fill(1) }],
    ['a Map', new Map()],
    ['a Date', new Date(0)],
    ['a typed array', { path: new Uint8Array(3) }],
    ['a bigint', { path: 1n }],
  ]
  describe.each(requests)('%s', (name) => {
    it.each(bad)('refuses %s in under 50 ms', (_title, value) => {
      const startedMs = performance.now()
      const { code, message } = refusal(name, value)
      expect({ code, named: message.startsWith(`${name}: `), quick: performance.now() - startedMs < 50 }).toEqual({ code: 'BAD_REQUEST', named: true, quick: true })
    })
  })

  it.each([
    ['library.open', { path: '' }, 'path'],
    ['library.open', { path: '/a\0b' }, 'path'],
    ['library.open', { path: 'x'.repeat(5000) }, 'path'],
    ['library.open', { path: 3 }, 'path'],
    ['library.browse', { path: null }, 'path'],
    ['image.render', { imageId: 'i', maxEdge: NaN }, 'maxEdge'],
    ['models.import', { path: '/a', onnx: { output: 'y', leadingTokens: 1, mean: [0, 0, 0], std: [0, 1, 1], size: 224 } }, 'onnx.std'],
    ['image.render', { imageId: 'i', maxEdge: -1 }, 'maxEdge'],
    ['image.render', { imageId: 'i', maxEdge: 1.5 }, 'maxEdge'],
    ['image.render', { imageId: 'i', maxEdge: Infinity }, 'maxEdge'],
    ['image.render', { imageId: '', maxEdge: 9 }, 'imageId'],
    ['view.analyse', { imageId: 'i', modelId: 'm', size: 'huge' }, 'size'],
    ['view.analyse', { imageId: 'i', modelId: 'm', size: 0 }, 'size'],
    ['view.attention', { analysisId: 'a', layer: -1, query: 'cls' }, 'layer'],
    ['view.attention', { analysisId: 'a', layer: 1, query: 'register' }, 'query'],
    ['view.similarity', { analysisId: 'a', patch: -1 }, 'patch'],
    ['embed.run', { libraryId: 'l', modelId: 'm', patches: 'yes' }, 'patches'],
    ['embed.run', { libraryId: 'l', rows: [1, 2], modelId: 'm', patches: true }, 'rows'],
    ['embed.export', { libraryId: 'l', modelId: 'm', pooling: 'max', format: 'csv', raw: false }, 'pooling'],
    ['embed.export', { libraryId: 'l', modelId: 'm', pooling: 'cls', format: 'exe', raw: false }, 'format'],
    ['search.images', { ...space, libraryId: 'l', examples: [], top: 5, method: 'auto' }, 'examples'],
    ['search.images', { ...space, libraryId: 'l', examples: [{ kind: 'row', row: 0, sign: 2 }], top: 5, method: 'auto' }, 'examples.0.sign'],
    ['map.project', { ...chosen, subject: 'images', method: 'umap', dims: 4, neighbours: 15, minDist: 0.1, seed: 1 }, 'dims'],
    ['structure.cluster', { ...chosen, method: 'kmeans', clusters: 1, smallest: 5, restarts: 3, seed: 1 }, 'clusters'],
    ['sets.change', { libraryId: 'l', setId: 's', change: { kind: 'delete' } }, 'change.kind'],
    ['sets.create', { libraryId: 'l', kind: 'tag', name: ' ', rows }, 'name'],
    ['embed.file', { exportId: 'e', name: 'a'.repeat(201) }, 'name'],
    ['train.check', { recipe: 'x'.repeat(65_537) }, 'recipe'],
    ['train.start', { ...plan, name: '   ' }, 'name'],
    ['train.start', { ...plan, images: { libraryId: 'l', imageIds: 'all' } }, 'images.imageIds'],
    ['train.start', { ...plan, images: { libraryId: 'l', imageIds: ['i', ''] } }, 'images.imageIds.1'],
    ['runs.metrics', { runId: 'r', afterStep: -2 }, 'afterStep'],
    ['runs.pause', { runId: 'r', paused: 'yes' }, 'paused'],
    ['runs.finishBy', { runId: 'r', at: 'tomorrow' }, 'at'],
    ['runs.teacher', { runId: 'r', checkpoint: 'step-3' }, 'checkpoint'],
  ])('names the field: %s %j', (name, argument, field) => {
    const { code, message } = refusal(name, argument)
    expect({ code, message }).toEqual({ code: 'BAD_REQUEST', message: expect.stringContaining(`${name}: ${field}`) })
  })

  it('lets a plan hold 100 000 pictures and a recipe of 64 KB, and nothing else so much', () => {
    const imageIds = Array.from({ length: 100_000 }, (_, index) => `image-${String(index).padStart(16, '0')}`)
    const largest = { ...plan, images: { libraryId: 'l1', imageIds }, recipe: '#'.repeat(65_536) }
    expect(parseRequest('train.start', largest)).toEqual(largest)
    expect(refusal('train.start', { ...largest, images: { libraryId: 'l1', imageIds: [...imageIds, 'one-more'] } }).code).toBe('BAD_REQUEST')
    expect(refusal('train.start', { ...largest, images: { libraryId: 'l1', imageIds: imageIds.map((id) => id.padEnd(200, '-')) } })).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('characters') })
    expect(refusal('runs.rename', { runId: 'r1', name: '#'.repeat(10_000) }).code).toBe('BAD_REQUEST')
  })

  it.each(['nothing.here', '__proto__', 'constructor', 'engine.throughput'])('knows no request named %s', (name) => {
    expect(refusal(name, undefined).code).toBe('BAD_REQUEST')
  })

  it('leaves Object.prototype as it was', () => {
    refusal('library.open', JSON.parse('{"__proto__":{"polluted":true},"path":"/a"}'))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
