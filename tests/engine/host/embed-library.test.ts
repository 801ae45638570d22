/** @file A library into its store: each content once, under the hash of what was decoded, whatever happens on the way. */
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodePatches } from '../../../src/engine/collection'
import { EngineError, type EmbedEvent, type EmbedLibraryResult } from '../../../src/engine/contract'
import { embedLibrary, modelKeyOf, type EmbedPicture } from '../../../src/engine/host'
import { openRowProducts, type RowProducts } from '../../../src/engine/inference'
import { contentHash, openStore, readSettled, type PictureBytes, type Store } from '../../../src/engine/library'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { countedPicture, countedTokens, countingBackbone, type CountingBackbone } from '../../helpers/counting-backbone'
import { temporaryFolder } from '../../helpers/folders'
import { maxDifference } from '../../helpers/tensors'

let runtime: Runtime
let products: RowProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  products = (await openRowProducts(runtime)).products
})
afterAll(() => runtime.dispose())

/** Files of as many pictures, by name. */
const many = async (count: number): Promise<Record<string, Buffer>> => Object.fromEntries(await Promise.all(Array.from({ length: count }, async (_, number) => [`${String(number).padStart(3, '0')}.png`, await countedPicture(number)] as const)))

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Folder {
  readonly root: string
  readonly store: Store
  pictures(known?: boolean): Promise<EmbedPicture[]>
}

/** A folder of files and the store of a workspace; pictures are told with their hashes, or as not read yet. */
async function withFolder<T>(files: Readonly<Record<string, Buffer>>, work: (folder: Folder) => Promise<T>): Promise<T> {
  const [root, workspace] = [await temporaryFolder(files), await temporaryFolder()]
  const store = await openStore(workspace, { mode: 'write' })
  try {
    return await work({
      root,
      store,
      pictures: async (known = true) =>
        Promise.all((await readdir(root)).sort().map(async (relativePath) => ({ relativePath, sizeBytes: 1, problem: undefined, hash: known ? hashOf(await readFile(join(root, relativePath))) : undefined, gone: false }))),
    })
  } finally {
    await store.close()
  }
}

interface RunOptions {
  readonly patches?: boolean
  readonly backbone?: CountingBackbone
  readonly signal?: AbortSignal
  readonly events?: EmbedEvent[]
}

async function run({ root, store }: Folder, pictures: readonly EmbedPicture[], { patches = false, backbone = countingBackbone(), signal = new AbortController().signal, events = [] }: RunOptions = {}): Promise<EmbedLibraryResult> {
  const key = modelKeyOf(backbone.manifest)
  const read = async (picture: EmbedPicture): Promise<PictureBytes> => {
    const { bytes } = await readSettled(join(root, picture.relativePath))
    return { bytes, hash: await contentHash(bytes) }
  }
  const tables = { vectors: await store.vectors(key), patches: patches ? { table: await store.patches(key), products } : undefined }
  return embedLibrary(backbone, tables, pictures, { root, read }, { signal, emit: (event) => events.push(event) })
}

/** A model that cancels the job it works for, in the run after which it has seen so many pictures; the run is finished. */
function cancelledAt(pictures: number): { readonly signal: AbortSignal; readonly backbone: CountingBackbone } {
  const controller = new AbortController()
  const backbone = countingBackbone({
    onRun: (seen) => {
      if (seen >= pictures) controller.abort(new EngineError('CANCELLED', 'cancelled'))
    },
  })
  return { signal: controller.signal, backbone }
}

const vectorsOf = (store: Store) => store.vectors(modelKeyOf(countingBackbone().manifest))
const patchesOf = (store: Store) => store.patches(modelKeyOf(countingBackbone().manifest))
const rough = ({ embedded, again, already, skipped }: EmbedLibraryResult): unknown => ({ embedded, again, already, skipped: skipped.map(({ relativePath, code }) => `${relativePath}: ${code}`) })

describe('embedLibrary', () => {
  it.each([true, false])('embeds each content once and nothing twice (contents known: %s)', async (known) => {
    const [a, b] = [await countedPicture(1), await countedPicture(2)]
    await withFolder({ 'a.png': a, 'b.png': b, 'copy of a.png': a }, async (folder) => {
      const backbone = countingBackbone()
      const pictures = await folder.pictures(known)
      const [first, second] = [await run(folder, pictures, { backbone }), await run(folder, pictures, { backbone })]
      expect([rough(first), rough(second), backbone.seen.pictures]).toEqual([{ embedded: 2, again: 0, already: 1, skipped: [] }, { embedded: 0, again: 0, already: 3, skipped: [] }, 2])
      const { found, matrix } = await (await vectorsOf(folder.store)).read([hashOf(a), hashOf(b)], 'cls+mean')
      const right = await Promise.all([a, b].map(async (bytes) => countedTokens(bytes)))
      expect([...found]).toEqual([0, 1])
      expect(maxDifference(matrix, right.flatMap(({ cls, mean }) => [...cls, ...mean]))).toBeLessThan(1e-6)
    })
  })

  it('stores vectors under what was decoded when a file has changed, and lets its twin stand for the old content', async () => {
    const [old, changed] = [await countedPicture(1), await countedPicture(2)]
    await withFolder({ 'a.png': old, 'b.png': old }, async (folder) => {
      const pictures = await folder.pictures()
      await writeFile(join(folder.root, 'a.png'), changed)
      expect(rough(await run(folder, pictures))).toEqual({ embedded: 2, again: 0, already: 0, skipped: [] })
      const { matrix } = await (await vectorsOf(folder.store)).read([hashOf(old), hashOf(changed)], 'mean')
      const right = [await countedTokens(old), await countedTokens(changed)]
      expect(maxDifference(matrix, right.flatMap(({ mean }) => [...mean]))).toBeLessThan(1e-6)
    })
  })

  it('leaves out what cannot be decoded, under each of its names, and what is gone', async () => {
    const broken = Buffer.from('not a picture')
    await withFolder({ 'a.png': await countedPicture(1), 'b.jpg': broken, 'c.jpg': broken }, async (folder) => {
      const events: EmbedEvent[] = []
      const pictures = [...(await folder.pictures()), { relativePath: 'away.png', sizeBytes: 1, problem: undefined, hash: 'f'.repeat(64), gone: true }]
      const result = await run(folder, pictures, { events })
      expect(rough(result)).toEqual({ embedded: 1, again: 0, already: 0, skipped: ['away.png: SOURCE_UNAVAILABLE', 'b.jpg: IMG_CORRUPT', 'c.jpg: IMG_CORRUPT'] })
      expect(events.flatMap((event) => (event.kind === 'skipped' ? [event.problem.relativePath] : []))).toEqual(['b.jpg', 'c.jpg'])
      expect(events.filter(({ kind }) => kind === 'progress').at(-1)).toMatchObject({ done: 2, total: 2 })
    })
  })

  it('keeps what is done when it is cancelled, and goes on from there', async () => {
    await withFolder(await many(60), async (folder) => {
      const pictures = await folder.pictures()
      const { signal, backbone } = cancelledAt(5)
      await expect(run(folder, pictures, { backbone, signal })).rejects.toMatchObject({ code: 'CANCELLED' })
      const kept = (await (await vectorsOf(folder.store)).hashes()).size
      expect({ kept, all: kept === 60 }).toEqual({ kept: backbone.seen.pictures, all: false })
      expect(rough(await run(folder, pictures))).toEqual({ embedded: 60 - kept, again: 0, already: kept, skipped: [] })
    })
  })

  it('ends when the folder goes away, with what was done kept', async () => {
    await withFolder(await many(60), async (folder) => {
      let gone = false
      const backbone = countingBackbone({
        onRun: async () => {
          if (!gone) await rename(folder.root, `${folder.root} moved`)
          gone = true
        },
      })
      await expect(run(folder, await folder.pictures(), { backbone })).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', detail: { path: folder.root } })
      const kept = (await (await vectorsOf(folder.store)).hashes()).size
      expect({ kept, all: kept === 60 }).toEqual({ kept: backbone.seen.pictures, all: false })
      await rename(`${folder.root} moved`, folder.root)
    })
  })

  it('goes on when one file alone goes away', async () => {
    await withFolder({ 'a.png': await countedPicture(1), 'b.png': await countedPicture(2) }, async (folder) => {
      const pictures = await folder.pictures()
      await rm(join(folder.root, 'a.png'))
      expect(rough(await run(folder, pictures))).toEqual({ embedded: 1, again: 0, already: 0, skipped: ['a.png: SOURCE_UNAVAILABLE'] })
    })
  })

  it('stores no vector that holds something that is no number', async () => {
    await withFolder({ 'a.png': await countedPicture(1), 'b.png': await countedPicture(2) }, async (folder) => {
      let runs = 0
      const backbone = countingBackbone({ spoil: (cls) => { if (runs++ === 0) cls[3] = NaN } })
      expect(rough(await run(folder, await folder.pictures(), { backbone }))).toEqual({ embedded: 1, again: 0, already: 0, skipped: ['a.png: RUNTIME'] })
      expect([...(await (await vectorsOf(folder.store)).hashes())]).toEqual([hashOf(await readFile(join(folder.root, 'b.png')))])
    })
  })

  it('embeds nothing of an empty list', async () => {
    await withFolder({}, async (folder) => {
      expect(await run(folder, [], { patches: true })).toEqual({ embedded: 0, again: 0, already: 0, skipped: [], imagesPerSecond: 0, patchCost: undefined })
    })
  })
})

describe('patch tokens of a library', () => {
  it('are kept beside the vectors, near the exact ones, with what that costs', async () => {
    await withFolder(await many(40), async (folder) => {
      const result = await run(folder, await folder.pictures(), { patches: true })
      const table = await patchesOf(folder.store)
      const [basis, hashes] = [await table.basis(), await table.hashes()]
      expect({ embedded: result.embedded, stored: hashes.size, basis: [basis?.dim, basis?.dims] }).toEqual({ embedded: 40, stored: 40, basis: [16, 16] })
      // A quarter of each picture's 16 patches is kept out of the fit, and measured.
      expect(result.patchCost).toMatchObject({ patches: 160, explained: expect.closeTo(1, 4), bytesPerImage: 16 * 16 + 4 })
      const exact = await countedTokens(await readFile(join(folder.root, '007.png')))
      const cosines: number[] = []
      for await (const some of table.scan(new Set([hashOf(await readFile(join(folder.root, '007.png')))]), new AbortController().signal))
        for (const one of some) {
          const kept = await decodePatches(basis!, one, products)
          const dot = (left: Float32Array, right: Float32Array, patch: number): number => left.subarray(patch * 16, (patch + 1) * 16).reduce((sum, value, index) => sum + value * right[patch * 16 + index]!, 0)
          for (let patch = 0; patch < 16; patch++) cosines.push(dot(exact.patches, kept, patch) / Math.sqrt(dot(exact.patches, exact.patches, patch) * dot(kept, kept, patch)))
        }
      expect({ patches: cosines.length, worst: Math.min(...cosines) > 0.999 }).toEqual({ patches: 16, worst: true })
      expect(result.patchCost!.meanCosine).toBeGreaterThan(0.999)
    })
  })

  it('are made of pictures that had vectors alone, once, on the basis that is there', async () => {
    await withFolder(await many(12), async (folder) => {
      const [backbone, pictures] = [countingBackbone(), await folder.pictures()]
      await run(folder, pictures.slice(0, 8), { backbone })
      const first = await run(folder, pictures.slice(0, 6), { backbone, patches: true })
      const basis = await (await patchesOf(folder.store)).basis()
      const second = await run(folder, pictures, { backbone, patches: true })
      const third = await run(folder, pictures, { backbone, patches: true })
      expect([first, second, third].map(rough)).toEqual([
        { embedded: 6, again: 6, already: 0, skipped: [] },
        { embedded: 6, again: 2, already: 6, skipped: [] },
        { embedded: 0, again: 0, already: 12, skipped: [] },
      ])
      expect({ seen: backbone.seen.pictures, vectors: (await (await vectorsOf(folder.store)).hashes()).size, patches: (await (await patchesOf(folder.store)).hashes()).size, measured: second.patchCost?.patches }).toEqual({
        seen: 20,
        vectors: 12,
        patches: 12,
        measured: 6 * 16,
      })
      expect(await (await patchesOf(folder.store)).basis()).toEqual(basis)
    })
  })

  it('are kept at a cancel where enough pictures came for a basis that stays, and made of the others the next time', async () => {
    await withFolder(await many(140), async (folder) => {
      const [pictures, { signal, backbone }] = [await folder.pictures(), cancelledAt(64)]
      await expect(run(folder, pictures, { backbone, patches: true, signal })).rejects.toMatchObject({ code: 'CANCELLED' })
      const [vectors, patches, seen] = [await vectorsOf(folder.store), await patchesOf(folder.store), backbone.seen.pictures]
      expect({ all: seen === 140, vectors: (await vectors.hashes()).size, patches: (await patches.hashes()).size }).toEqual({ all: false, vectors: seen, patches: seen })
      const basis = await patches.basis()
      const second = await run(folder, pictures, { patches: true })
      expect(rough(second)).toEqual({ embedded: 140 - seen, again: 0, already: seen, skipped: [] })
      expect({ patches: (await patches.hashes()).size, basis: await patches.basis(), near: second.patchCost!.meanCosine > 0.999 }).toEqual({ patches: 140, basis, near: true })
    })
  })

  it('are forgotten at a cancel after too few pictures for a basis, and made anew the next time, which says so', async () => {
    await withFolder(await many(40), async (folder) => {
      const [pictures, { signal, backbone }] = [await folder.pictures(), cancelledAt(5)]
      await expect(run(folder, pictures, { backbone, patches: true, signal })).rejects.toMatchObject({ code: 'CANCELLED' })
      const [vectors, patches, seen] = [await vectorsOf(folder.store), await patchesOf(folder.store), backbone.seen.pictures]
      expect({ vectors: (await vectors.hashes()).size, patches: (await patches.hashes()).size, basis: await patches.basis() }).toEqual({ vectors: seen, patches: 0, basis: undefined })
      expect(rough(await run(folder, pictures, { patches: true }))).toEqual({ embedded: 40, again: seen, already: 0, skipped: [] })
      expect((await patches.hashes()).size).toBe(40)
    })
  })

  it('leave the reason of a failure as it is when no basis can be fitted either', async () => {
    await withFolder(await many(100), async (folder) => {
      const { signal, backbone } = cancelledAt(64)
      const key = modelKeyOf(backbone.manifest)
      const noProducts: RowProducts = () => Promise.reject(new EngineError('RUNTIME', 'the device is lost'))
      const tables = { vectors: await folder.store.vectors(key), patches: { table: await folder.store.patches(key), products: noProducts } }
      const options = { root: folder.root, read: async ({ relativePath }: EmbedPicture) => readSettled(join(folder.root, relativePath)).then(async ({ bytes }) => ({ bytes, hash: await contentHash(bytes) })) }
      await expect(embedLibrary(backbone, tables, await folder.pictures(), options, { signal, emit: () => undefined })).rejects.toMatchObject({ code: 'CANCELLED' })
      expect((await tables.vectors.hashes()).size).toBe(backbone.seen.pictures)
    })
  })
})
