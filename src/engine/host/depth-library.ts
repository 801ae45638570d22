/** @file Depth of a folder's pictures: three numbers of each, kept; and whole maps as files. */
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { createHash } from 'node:crypto'
import { EngineError, messageOf, toWire, type DepthExportRequest, type DepthExportResult, type DepthLibraryRequest, type DepthNumbers, type FileProblem, type HeadEvent, type JobContext } from '../contract'
import { csvNumber, csvText, encodeGrey16Png, writeNpy, writeVerified } from '../export'
import { readRegularFile, saveFile } from '../files'
import { patchBatch, type Backbone, type OpenedHead } from '../inference'
import type { LibraryImage } from '../library'
import { createProgress } from '../progress'
import type { EngineState } from './engine-state'
import { maxWholePatches } from './look-at-picture'
import { modelKeyOf } from './model-key'
import { preparePicture } from './prepare-picture'
import { presentRows } from './row-hashes'

/** Short edge that pictures of a folder are looked at with, pixels; to whole patches. */
const shortEdge = 224
/** Pictures between two saves. */
const savedAfter = 64
const largestFile = 2 ** 28
/** What a 16-bit PNG of millimetres holds, metres. */
const millimetreRange = 65.535
/** Units of a PNG beyond that, in a metre; KITTI's. */
const farUnits = 256

/** Median, 5th and 95th percentile, metres. */
type Numbers = readonly [median: number, near: number, far: number]
const stored = z.strictObject({ version: z.literal(1), numbers: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])) })

export interface DepthPicture {
  readonly height: number
  readonly width: number
  readonly metres: Float32Array
}

/** Depth of one picture, as large as what the model was given. @throws EngineError IMG_…, BAD_REQUEST, RUNTIME */
export async function depthOfPicture(backbone: Backbone, head: OpenedHead, bytes: Buffer): Promise<DepthPicture> {
  if (head.manifest.kind !== 'depth') throw new EngineError('BAD_REQUEST', `the head ${JSON.stringify(head.manifest.name)} tells classes and not depth`)
  const prepared = await preparePicture(bytes, shortEdge, backbone.manifest, maxWholePatches)
  const { height, width } = prepared
  return { height, width, metres: await head.predict(backbone, patchBatch(backbone, prepared), height, width) }
}

export function numbersOf(metres: Float32Array): Numbers {
  const sorted = metres.toSorted()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  return [at(0.5), at(0.05), at(0.95)]
}

/** Where the numbers of a model and a head lie. */
async function fileOf(state: EngineState, { modelId, headId }: Pick<DepthLibraryRequest, 'modelId' | 'headId'>): Promise<string> {
  const key = modelKeyOf((await state.models.find(modelId)).manifest)
  const head = await state.heads.open(headId)
  const id = createHash('sha256').update(JSON.stringify([key.sha256, head.manifest.weights.sha256, head.manifest.maxDepth, shortEdge])).digest('hex').slice(0, 32)
  return join(state.options.workspace, 'depths', `${id}.json`)
}

/** A file that is damaged counts as none: its numbers are computed again. */
async function readNumbers(path: string): Promise<Map<string, Numbers>> {
  try {
    return new Map(Object.entries(stored.parse(JSON.parse((await readRegularFile(path, largestFile)).toString('utf8'))).numbers))
  } catch {
    return new Map()
  }
}

async function saveNumbers(path: string, numbers: ReadonlyMap<string, Numbers>): Promise<void> {
  await saveFile(path, `${JSON.stringify({ version: 1, numbers: Object.fromEntries(numbers) })}\n`)
}

function byRow(images: readonly LibraryImage[], numbers: ReadonlyMap<string, Numbers>): DepthNumbers {
  const column = (place: 0 | 1 | 2): Float32Array => Float32Array.from(images, ({ hash }) => (hash === undefined ? NaN : (numbers.get(hash)?.[place] ?? NaN)))
  return { median: column(0), near: column(1), far: column(2) }
}

/** Numbers that are there. @throws EngineError NOT_FOUND */
export async function depthNumbers(state: EngineState, request: Omit<DepthLibraryRequest, 'rows'>): Promise<DepthNumbers> {
  return byRow(state.libraries.images(request.libraryId), await readNumbers(await fileOf(state, request)))
}

/** One picture after the other; one that fails is told and left out. */
async function eachDepth(state: EngineState, { modelId, headId }: DepthLibraryRequest, images: readonly LibraryImage[], title: string, take: (image: LibraryImage, hash: string, depth: DepthPicture) => Promise<void>, { signal, emit }: JobContext<HeadEvent>): Promise<readonly FileProblem[]> {
  const skipped: FileProblem[] = []
  const head = await state.heads.open(headId)
  const progress = createProgress(title, images.length, emit)
  await state.backbones.use(modelId, async (backbone) => {
    for (const image of images) {
      signal.throwIfAborted()
      try {
        const { bytes, hash } = await state.libraries.readBytes(image.id)
        await take(image, hash, await depthOfPicture(backbone, head, bytes))
      } catch (error) {
        signal.throwIfAborted()
        const { code } = toWire(error)
        // What is wrong with the head or the disk is wrong for every picture.
        if (code === 'DISK' || code === 'BAD_REQUEST' || code === 'RUNTIME') throw error
        const problem = { relativePath: image.relativePath, code, reason: messageOf(error) }
        skipped.push(problem)
        emit({ kind: 'skipped', problem })
      }
      progress.advance(1)
    }
  })
  progress.finish()
  return skipped
}

/** Computes what is not known yet; what is done when it is cancelled is kept. @throws EngineError NOT_FOUND, BAD_REQUEST, DISK, RUNTIME; the signal's reason */
export async function depthLibrary(state: EngineState, request: DepthLibraryRequest, context: JobContext<HeadEvent>): Promise<DepthNumbers> {
  const path = await fileOf(state, request)
  const numbers = await readNumbers(path)
  const images = state.libraries.images(request.libraryId)
  const wanted = Array.from(presentRows(state.libraries, request.libraryId, request.rows), (row) => images[row]!).filter(({ hash, problem }) => (hash === undefined || !numbers.has(hash)) && problem === undefined)
  let unsaved = 0
  try {
    await eachDepth(
      state,
      request,
      wanted,
      'Measuring depth',
      async (_image, hash, { metres }) => {
        numbers.set(hash, numbersOf(metres))
        if (++unsaved < savedAfter) return
        unsaved = 0
        await saveNumbers(path, numbers)
      },
      context,
    )
  } finally {
    if (unsaved > 0) await saveNumbers(path, numbers)
  }
  return byRow(images, numbers)
}

/** Numbers of a 16-bit PNG, and how many make a metre. */
export function depthUnits(metres: Float32Array, maxDepth: number): { readonly values: Uint16Array; readonly perMetre: number } {
  const perMetre = maxDepth <= millimetreRange ? 1000 : farUnits
  return { values: Uint16Array.from(metres, (value) => Math.min(65_535, Math.round(value * perMetre))), perMetre }
}

/** Writes one map under the name of its picture. @throws EngineError DISK */
export async function writeDepth(folder: string, relativePath: string, { height, width, metres }: DepthPicture, format: 'png' | 'npy', maxDepth: number): Promise<void> {
  const path = join(folder, `${relativePath}.${format}`)
  await mkdir(dirname(path), { recursive: true })
  if (format === 'npy') {
    await writeNpy(path, { dtype: 'float32', shape: [height, width], data: metres })
    return
  }
  const png = await encodeGrey16Png(depthUnits(metres, maxDepth).values, width, height)
  await writeVerified(path, async (append) => {
    await append(png)
    return undefined
  })
}

/** Maps of pictures as files, or their numbers as a table. @throws EngineError NOT_FOUND, BAD_REQUEST, DISK, RUNTIME; the signal's reason */
export async function exportDepth(state: EngineState, request: DepthExportRequest, context: JobContext<HeadEvent>): Promise<DepthExportResult> {
  const { libraryId, rows, headId, format } = request
  const images = state.libraries.images(libraryId)
  const wanted = Array.from(presentRows(state.libraries, libraryId, rows), (row) => images[row]!).filter(({ problem }) => problem === undefined)
  const { maxDepth = 0 } = (await state.heads.open(headId)).manifest
  const started = performance.now()
  const lines: string[] = []
  const write = async (folder: string): Promise<readonly FileProblem[]> => {
    const skipped = await eachDepth(
      state,
      request,
      wanted,
      'Writing depth',
      async ({ relativePath }, _hash, depth) => {
        if (format === 'csv') lines.push([csvText(relativePath), ...numbersOf(depth.metres).map((value) => csvNumber(Math.fround(value)))].join())
        else await writeDepth(folder, relativePath, depth, format, maxDepth)
      },
      context,
    )
    const note = format === 'csv' ? undefined : `${JSON.stringify({ unit: format === 'npy' ? 'metres, float32' : `1/${depthUnits(new Float32Array(), maxDepth).perMetre} metre, 16 bits`, maxDepth }, undefined, 2)}\n`
    await writeVerified(join(folder, note === undefined ? 'depth.csv' : 'depth.json'), async (append) => {
      await append(note ?? `filename,median_m,near_m,far_m\n${lines.join('\n')}\n`)
      return undefined
    })
    if ((await readdir(folder)).length === 0 || skipped.length === wanted.length) throw new EngineError('NOT_FOUND', `none of these ${wanted.length} pictures could be measured${skipped[0] === undefined ? '' : `; the first: ${skipped[0].reason}`}`)
    return skipped
  }
  const { exportId, files, result: skipped } = await state.exports.create(write, { name: 'depth.zip', signal: context.signal })
  const written = wanted.length - skipped.length
  return { exportId, files, images: written, skipped, imagesPerSecond: (1000 * written) / Math.max(1, performance.now() - started) }
}
