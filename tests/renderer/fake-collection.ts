/** @file A library made of invented vectors: folders, embedding, search, named selections. What is embedded and saved is remembered. */
import {
  EngineError,
  type EmbedLibraryResult,
  type EngineContract,
  type FolderInfo,
  type Handlers,
  type ModelInfo,
  type PatchHit,
  type SearchIndexInfo,
  type SetInfo,
} from '../../src/engine/contract'
import { fraction, progressOf, type FakePicture } from './fake-pictures'

type CollectionRequests = Extract<keyof Handlers<EngineContract>, `embed.${string}` | `search.${string}` | `sets.${string}` | 'library.folders' | 'library.forget'>

export interface FakeCollectionOptions {
  readonly pictures: readonly FakePicture[]
  readonly pause: (milliseconds: number) => Promise<void>
  readonly modelOf: (modelId: string) => ModelInfo
  /** Ids of models that all pictures have vectors of from the beginning. */
  readonly embedded?: readonly string[]
  readonly folders?: readonly FolderInfo[]
}

export interface FakeCollection {
  readonly handlers: Pick<Handlers<EngineContract>, CollectionRequests>
}

const dim = 12
/** A unit vector that depends on the name alone; names with the same first word lie close. */
function vectorOf(id: string): Float32Array {
  const group = id.split(/[\s\d_-]/)[0] ?? id
  const values = Float32Array.from({ length: dim }, (_, axis) => fraction(`${group}${axis}`) - 0.5 + 0.5 * (fraction(`${id}/${axis}`) - 0.5))
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}
const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0) / Math.hypot(...a) / Math.hypot(...b)

const patchGrid = 16

function inventHit(id: string, row: number, seed: string): PatchHit {
  const place = (axis: string): number => patchGrid * (0.2 + 0.6 * fraction(id + axis + seed))
  const [y, x] = [place('y'), place('x')]
  const score = 0.45 + 0.5 * fraction(id + seed)
  const values = Float32Array.from({ length: patchGrid * patchGrid }, (_, patch) => {
    const distance = Math.hypot(Math.floor(patch / patchGrid) - y, (patch % patchGrid) - x)
    return 0.1 + (score - 0.1) * Math.exp(-(distance * distance) / 8)
  })
  return { row, score, gridHeight: patchGrid, gridWidth: patchGrid, cosine: values }
}

export function createFakeCollection({ pictures, pause, modelOf, embedded = [], folders = [] }: FakeCollectionOptions): FakeCollection {
  const good = pictures.flatMap(({ broken }, row) => (broken === undefined ? [row] : []))
  /** Rows with vectors and rows with patch tokens, of each model. */
  const vectors = new Map<string, { readonly images: Set<number>; readonly patches: Set<number> }>()
  for (const modelId of embedded) vectors.set(modelId, { images: new Set(good), patches: new Set(good) })
  const vectorsOf = (modelId: string) => vectors.get(modelId) ?? { images: new Set<number>(), patches: new Set<number>() }
  const uploads = new Map<string, string>()
  const indexes = new Map<string, SearchIndexInfo>()
  const sets = new Map<string, { readonly info: SetInfo; readonly rows: ReadonlySet<number> }>()
  const removed = new Map<string, { readonly info: SetInfo; readonly rows: ReadonlySet<number> }>()
  let known = folders
  let last = 0

  const setOf = (setId: string) => {
    const found = sets.get(setId)
    if (found === undefined) throw new EngineError('NOT_FOUND', `there is no selection ${setId}`)
    return found
  }
  const put = (info: Omit<SetInfo, 'here' | 'size' | 'changedAt'>, rows: Iterable<number>): SetInfo => {
    const all = new Set(rows)
    const made = { ...info, here: all.size, size: all.size, changedAt: '2026-03-12T21:40:00.000Z' }
    sets.set(info.setId, { info: made, rows: all })
    return made
  }

  return {
    handlers: {
      'library.folders': () => Promise.resolve(known),
      'library.forget': ({ path }) => {
        known = known.filter((folder) => folder.path !== path)
        return Promise.resolve(undefined)
      },

      'embed.status': () => Promise.resolve([...vectors].map(([modelId, { images, patches }]) => ({ modelId, images: images.size, withPatches: patches.size }))),
      'embed.run': async ({ modelId, rows, patches }, { signal, emit }): Promise<EmbedLibraryResult> => {
        const wanted = rows === undefined ? pictures.map((_, row) => row) : [...rows]
        const broken = wanted.flatMap((row) => {
          const { relativePath, broken: reason } = pictures[row] ?? {}
          return relativePath === undefined || reason === undefined ? [] : [{ relativePath, code: 'IMG_TRUNCATED', reason }]
        })
        for (const problem of broken) emit({ kind: 'skipped', problem })
        const mine = vectorsOf(modelId)
        vectors.set(modelId, mine)
        const readable = wanted.filter((row) => pictures[row]?.broken === undefined)
        const todo = readable.filter((row) => !mine.images.has(row) || (patches && !mine.patches.has(row)))
        const step = Math.max(1, Math.ceil(todo.length / 20))
        for (let done = 0; done < todo.length; done += step) {
          signal.throwIfAborted()
          emit(progressOf('Embedding', done, todo.length, 26.1))
          await pause(200)
          for (const row of todo.slice(done, done + step)) {
            mine.images.add(row)
            if (patches) mine.patches.add(row)
          }
        }
        return {
          embedded: todo.length,
          again: 0,
          already: readable.length - todo.length,
          skipped: broken,
          imagesPerSecond: 26.1,
          patchCost: patches ? { patches: 5120, meanCosine: 0.983, worstPercentCosine: 0.921, explained: 0.957, bytesPerImage: 16_448 } : undefined,
        }
      },
      'embed.export': async ({ modelId, pooling, format, rows }, { signal, emit }) => {
        const wanted = (rows === undefined ? pictures.map((_, row) => row) : [...rows]).filter((row) => vectorsOf(modelId).images.has(row))
        for (let part = 0; part < 5; part += 1) {
          signal.throwIfAborted()
          emit(progressOf('Writing', part, 5, 4000))
          await pause(80)
        }
        const sidecar = format === 'npy' ? [{ name: 'embeddings.npy.json', sizeBytes: 9000 }] : []
        return {
          exportId: 'export-1',
          files: [{ name: `embeddings.${format}`, sizeBytes: 812_000 }, ...sidecar],
          images: wanted.length,
          dim: modelOf(modelId).dim * (pooling === 'cls+mean' ? 2 : 1),
          skipped: [],
          imagesPerSecond: 4000,
        }
      },
      'embed.file': ({ name }) => Promise.resolve({ name, bytes: new Uint8Array(4), totalBytes: 4 }),

      'search.images': async ({ modelId, pooling, examples, top, method }) => {
        await pause(60)
        const sum = new Float32Array(dim)
        for (const example of examples) {
          const id = example.kind === 'row' ? pictures[example.row]?.id : uploads.get(example.uploadId)
          if (id === undefined) throw new EngineError('NOT_FOUND', 'an example is not there any more')
          for (const [axis, value] of vectorOf(id).entries()) sum[axis] = (sum[axis] ?? 0) + example.sign * value
        }
        const { images } = vectorsOf(modelId)
        const ranked = [...images]
          .map((row) => ({ row, score: cosine(sum, vectorOf(pictures[row]?.id ?? '')) }))
          .sort((a, b) => b.score - a.score || a.row - b.row)
          .slice(0, top)
        const index = indexes.get(modelId + pooling)
        return {
          rows: Uint32Array.from(ranked, ({ row }) => row),
          scores: Float32Array.from(ranked, ({ score }) => score),
          method: method === 'index' && index !== undefined ? 'index' : 'exact',
          searched: images.size,
          images: pictures.length,
          ms: 12,
        }
      },
      'search.upload': ({ name }) => {
        const uploadId = `upload ${++last}`
        uploads.set(uploadId, name)
        return Promise.resolve({ uploadId })
      },
      'search.patches': async ({ patches, top }) => {
        await pause(120)
        const model = [...vectors].find(([, { patches: rows }]) => rows.size > 0)
        const rows = [...(model?.[1].patches ?? [])]
        const hits = rows
          .map((row) => inventHit(pictures[row]?.id ?? '', row, String(patches[0])))
          .sort((a, b) => b.score - a.score)
          .slice(0, top)
        return { hits, searched: rows.length, images: pictures.length, ms: 84 }
      },
      'search.buildIndex': async ({ modelId, pooling }, { signal, emit }) => {
        for (let part = 0; part < 10; part += 1) {
          signal.throwIfAborted()
          emit(progressOf('Building the index', part, 10))
          await pause(120)
        }
        const { images } = vectorsOf(modelId)
        const info: SearchIndexInfo = { modelId, pooling, builtAt: '2026-03-12T21:40:00.000Z', vectors: images.size, recall: 0.987, queries: 200, exactMs: 11.8, indexMs: 2.1 }
        indexes.set(modelId + pooling, info)
        return info
      },
      'search.index': ({ modelId, pooling }) => Promise.resolve(indexes.get(modelId + pooling)),

      'sets.list': () => Promise.resolve([...sets.values()].map(({ info }) => info)),
      'sets.create': ({ kind, name, rows }) => Promise.resolve(put({ setId: `set ${++last}`, kind, name }, rows)),
      'sets.change': ({ setId, change }) => {
        const { info, rows } = setOf(setId)
        switch (change.kind) {
          case 'rename':
            return Promise.resolve(put({ ...info, name: change.name }, rows))
          case 'add':
            return Promise.resolve(put(info, [...rows, ...change.rows]))
          case 'take': {
            const out = new Set(change.rows)
            return Promise.resolve(put(info, [...rows].filter((row) => !out.has(row))))
          }
          case 'replace':
            return Promise.resolve(put(info, change.rows))
        }
      },
      'sets.rows': ({ setId }) => Promise.resolve({ rows: Uint32Array.from(setOf(setId).rows).sort() }),
      'sets.remove': ({ setId }) => {
        removed.set(setId, setOf(setId))
        sets.delete(setId)
        return Promise.resolve(undefined)
      },
      'sets.restore': ({ setId }) => {
        const back = removed.get(setId)
        if (back === undefined) throw new EngineError('NOT_FOUND', `there is no selection ${setId} to bring back`)
        sets.set(setId, back)
        return Promise.resolve(back.info)
      },
      'sets.copy': async ({ rows, folder }, { emit }) => {
        emit(progressOf('Copying', 0, rows.length))
        await pause(300)
        return { copied: rows.length, folder, skipped: [] }
      },
    },
  }
}
