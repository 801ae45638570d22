/** @file The pictures of a folder with all that they are compared by: bytes, looks, sizes and vectors; from a workspace's index or read in memory. */
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EngineError, type FileProblem, type Pooling } from '../engine/contract'
import { unitVectors, type VectorSet } from '../engine/collection'
import type { FilePath } from '../engine/files'
import { differenceHash, readImageFile, renderImage } from '../engine/image'
import { openRowProducts, pooledDim, type Backbone, type RowProducts } from '../engine/inference'
import { contentHash, describeProblem } from '../engine/library'
import { createProgress } from '../engine/progress'
import type { Runtime } from '../engine/runtime'
import type { CommandContext } from './context'
import { embedFolder } from './folder-vectors'
import { problemLine, scanPictures } from './scan'
import { embedWorkspaceFolder, withWorkspaceFolder } from './workspace-folder'

export interface ComparedPicture {
  readonly path: FilePath
  readonly relativePath: string
  readonly sizeBytes: number
  readonly gone: boolean
  /** sha256 of the bytes; undefined for what could not be read. */
  readonly hash: string | undefined
  readonly look: string | undefined
  /** Pixels as shown; 0 while unknown. */
  readonly width: number
  readonly height: number
}

export interface ComparedFolder {
  /** Real path. */
  readonly root: string
  /** Rows of the set point into them. */
  readonly pictures: readonly ComparedPicture[]
  readonly set: VectorSet | undefined
  readonly products: RowProducts
  readonly skipped: readonly FileProblem[]
}

export interface EmbeddedComparedFolder extends ComparedFolder {
  readonly set: VectorSet
}

export interface LookOptions {
  readonly workspace?: string
  /** Only files of the same size are read, and nothing is decoded. */
  readonly bytesAlone: boolean
}

export interface VectorOptions {
  readonly workspace?: string
  readonly pooling: Pooling
}

type Facts = Pick<ComparedPicture, 'hash' | 'look' | 'width' | 'height'>

/** Read at once when nothing is embedded: one decodes while another is read. */
const readsAtOnce = 3
/** As a library looks at pictures, so that looks agree. */
const thumbnailEdge = 384
const unknown: Facts = { hash: undefined, look: undefined, width: 0, height: 0 }

async function factsOf(bytes: Buffer): Promise<Facts> {
  const hash = await contentHash(bytes)
  const { bytes: thumbnail, sourceWidth: width, sourceHeight: height } = await renderImage(bytes, thumbnailEdge)
  return { hash, look: await differenceHash(thumbnail), width, height }
}

/** Sizes that more than one file has. */
function repeatedSizes(images: readonly { readonly sizeBytes: number }[]): ReadonlySet<number> {
  const seen = new Set<number>()
  const repeated = new Set<number>()
  for (const { sizeBytes } of images) (seen.has(sizeBytes) ? repeated : seen).add(sizeBytes)
  return repeated
}

/** Bytes and looks alone, without a model. */
async function readLooks(folder: string, bytesAlone: boolean, context: CommandContext): Promise<Omit<ComparedFolder, 'set' | 'products'>> {
  const { images, skipped } = await scanPictures(folder, context)
  const repeated = repeatedSizes(images)
  const facts: (Facts | undefined)[] = images.map(() => undefined)
  const problems = [...skipped]
  const progress = createProgress('Reading pictures', images.length, context.emit)
  let next = 0
  const read = async (): Promise<void> => {
    for (let row = next++; row < images.length; row = next++) {
      context.signal.throwIfAborted()
      const { path, relativePath, sizeBytes } = images[row]!
      try {
        if (!bytesAlone) facts[row] = await factsOf(await readImageFile(path))
        else if (repeated.has(sizeBytes)) facts[row] = { ...unknown, hash: await contentHash(await readImageFile(path)) }
      } catch (error) {
        const problem = describeProblem(relativePath, path, error)
        problems.push(problem)
        context.terminal.note(problemLine(problem))
      }
      progress.advance(1)
    }
  }
  await Promise.all(Array.from({ length: readsAtOnce }, read))
  progress.finish()
  return { root: await realpath(folder), pictures: images.map((image, row) => ({ ...image, gone: false, ...(facts[row] ?? unknown) })), skipped: problems }
}

async function readAll(folder: string, pooling: Pooling, backbone: Backbone, context: CommandContext): Promise<Omit<EmbeddedComparedFolder, 'products'>> {
  const facts = new Map<number, Facts>()
  const { images, set, skipped } = await embedFolder(folder, pooling, backbone, context, async (row, bytes) => {
    facts.set(row, await factsOf(bytes))
  })
  return { root: await realpath(folder), pictures: images.map((image, row) => ({ ...image, gone: false, ...(facts.get(row) ?? unknown) })), set, skipped }
}

/**
 * Reads a folder without a model, runs `work` over it, and closes what was opened.
 * @throws EngineError NOT_FOUND when there is no picture in it, SOURCE_UNAVAILABLE, BUSY, DISK; the signal's reason
 */
export async function withLooks<T>(folder: string, runtime: Runtime, { workspace, bytesAlone }: LookOptions, context: CommandContext, work: (compared: ComparedFolder) => Promise<T>): Promise<T> {
  const { products } = await openRowProducts(runtime)
  if (workspace === undefined) return work({ ...(await readLooks(folder, bytesAlone, context)), set: undefined, products })
  return withWorkspaceFolder(resolve(workspace), folder, context, ({ root, images, skipped }) => work({ root, pictures: images, set: undefined, products, skipped }))
}

/**
 * Reads and embeds a folder, through the index of a workspace where one is named, runs `work` over it, and closes what was opened.
 * @throws EngineError as {@link withLooks}; IMG_CORRUPT when none of the pictures can be embedded, RUNTIME
 */
export async function withVectors<T>(folder: string, backbone: Backbone, runtime: Runtime, { workspace, pooling }: VectorOptions, context: CommandContext, work: (compared: EmbeddedComparedFolder) => Promise<T>): Promise<T> {
  if (workspace === undefined) {
    const read = await readAll(folder, pooling, backbone, context)
    return work({ ...read, products: (await openRowProducts(runtime)).products })
  }
  return withWorkspaceFolder(resolve(workspace), folder, context, async (opened) => {
    const { vectors, products, skipped } = await embedWorkspaceFolder(opened, backbone, runtime, false, context)
    const present = opened.images.filter(({ gone, hash }) => !gone && hash !== undefined)
    const { found, matrix } = await vectors.read(present.flatMap(({ hash }) => hash ?? []), pooling)
    if (found.length === 0) throw new EngineError('IMG_CORRUPT', `none of the ${opened.images.length} pictures in ${folder} could be embedded`, { detail: { problems: skipped } })
    const dim = pooledDim(backbone.config.dim, pooling)
    const set: VectorSet = { dim, rows: found.map((index) => present[index]!.row), matrix: unitVectors(matrix, dim, pooling) }
    return work({ root: opened.root, pictures: opened.images, set, products, skipped: [...opened.skipped, ...skipped] })
  })
}
