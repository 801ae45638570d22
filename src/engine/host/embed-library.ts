/** @file The vectors of a library: what has none of a model yet is embedded and stored, each content once. */
import { opendir } from 'node:fs/promises'
import { EngineError, isEngineError, messageOf, toWire, type EmbedEvent, type EmbedLibraryResult, type FileProblem, type JobContext } from '../contract'
import { embedRuns, type Backbone, type EmbeddedImage, type RowProducts } from '../inference'
import type { PatchTable, PictureBytes, VectorTable } from '../library'
import { planEmbedding, settleOthers, spreadFirst, type EmbedPicture, type Outcome } from './embed-plan'
import { basisPictures, createPatchKeeper, type PatchKeeper } from './patch-keeper'
import { preparePicture } from './prepare-picture'
import { createStoreBatches, type BatchLimits, type StoreBatches } from './store-batches'

/** Where vectors of one model go. */
export interface EmbedTables {
  readonly vectors: VectorTable
  /** Patch tokens are kept where this is given. */
  readonly patches: { readonly table: PatchTable; readonly products: RowProducts } | undefined
}

export interface EmbedLibraryOptions<P> {
  /** The bytes of a picture as they are now, and their hash. @throws EngineError naming the file */
  read(picture: P): Promise<PictureBytes>
  /** The folder that the pictures lie in: when it is gone, that is one failure and not one for each picture. */
  readonly root: string
  /** When rows go to the store. */
  readonly batches?: BatchLimits
}

/** A library is embedded at the evaluation crop; the limit is for whole pictures and never met. */
const maxPatches = 4096

async function isThere(folder: string): Promise<boolean> {
  try {
    const directory = await opendir(folder)
    const first = await directory.read()
    await directory.close()
    // Where a drive belongs that is not there lies an empty folder.
    return first !== null
  } catch {
    return false
  }
}

/** What is known and found out during one job. */
interface Run<P> {
  readonly options: EmbedLibraryOptions<P>
  readonly backbone: Backbone
  readonly others: Map<string, P[]>
  readonly outcomes: Map<string, Outcome>
  readonly keeper: PatchKeeper | undefined
  readonly batches: StoreBatches
  needs(hash: string): boolean
  hasVectors(hash: string): boolean
  tell(problem: FileProblem): void
  embedded: number
  again: number
  already: number
}

const finite = (values: Float32Array): boolean => values.every((value) => Number.isFinite(value))

async function store<P>(run: Run<P>, hash: string, image: EmbeddedImage): Promise<void> {
  const { cls, mean } = image
  const patches = (await run.keeper?.add(hash, image)) ?? []
  const hadVectors = run.hasVectors(hash)
  if (hadVectors) run.again++
  await run.batches.add(hadVectors ? undefined : { hash, cls, mean }, patches)
}

/** Keeps what a job that ends early has come to. */
async function settleEarly<P>({ batches, keeper }: Run<P>): Promise<void> {
  await batches.flush()
  try {
    await batches.add(undefined, (await keeper?.leave()) ?? [])
    await batches.flush()
  } catch {
    // What ended the job may end this too, and is told; these patch tokens are made anew the next time.
  }
}

/** One pass over pictures that need something. */
async function embedPass<P extends EmbedPicture>(run: Run<P>, work: readonly P[], { signal: cancelled, emit }: JobContext<EmbedEvent>): Promise<void> {
  const { backbone, others, outcomes, options } = run
  const failed = new AbortController()
  const signal = AbortSignal.any([cancelled, failed.signal])
  const hashes: (string | undefined)[] = []
  const underWay = new Set<string>()

  const prepare = async (picture: P, index: number) => {
    const { bytes, hash } = await options.read(picture).catch(async (error: unknown) => {
      if (isEngineError(error, 'SOURCE_UNAVAILABLE') && !(await isThere(options.root)))
        failed.abort(new EngineError('SOURCE_UNAVAILABLE', `${options.root} cannot be reached any more; what was embedded is kept`, { detail: { path: options.root } }))
      throw error
    })
    if (!run.needs(hash)) {
      run.already++
      return undefined
    }
    // The same bytes are on their way under another name; what becomes of them holds for this one.
    if (outcomes.has(hash) || underWay.has(hash)) {
      others.set(hash, [...(others.get(hash) ?? []), picture])
      return undefined
    }
    hashes[index] = hash
    underWay.add(hash)
    try {
      return await preparePicture(bytes, 'evaluation', backbone.manifest, maxPatches)
    } catch (error) {
      outcomes.set(hash, { relativePath: picture.relativePath, code: toWire(error).code, reason: messageOf(error) })
      throw error
    }
  }
  const sources = work.map((picture, index) => ({ relativePath: picture.relativePath, sizeBytes: picture.sizeBytes, prepare: () => prepare(picture, index) }))
  for await (const images of embedRuns(backbone, sources, { patches: run.keeper !== undefined, signal, onSkipped: run.tell, emit })) {
    for (const image of images) {
      const hash = hashes[image.index] ?? ''
      if (!finite(image.cls) || !finite(image.mean)) {
        const problem = { relativePath: work[image.index]?.relativePath ?? '', code: 'RUNTIME', reason: 'the model gave numbers for it that are none' }
        outcomes.set(hash, problem)
        run.tell(problem)
        continue
      }
      await store(run, hash, image)
      outcomes.set(hash, 'embedded')
      run.embedded++
    }
  }
}

/**
 * Embeds what has no vectors yet, at the model's evaluation crop, and stores them as it goes; what is done when it is cancelled, or
 * fails, is kept. Vectors are stored under the hash of the very bytes that were decoded.
 * @throws EngineError SOURCE_UNAVAILABLE when the folder has gone, DISK, RUNTIME; the signal's reason when cancelled
 */
export async function embedLibrary<P extends EmbedPicture>(backbone: Backbone, tables: EmbedTables, pictures: readonly P[], options: EmbedLibraryOptions<P>, context: JobContext<EmbedEvent>): Promise<EmbedLibraryResult> {
  const { signal, emit } = context
  // What is damaged is made anew.
  await tables.vectors.verify(signal)
  const [withVectors, withPatches] = [await tables.vectors.hashes(), await tables.patches?.table.hashes()]
  const needs = (hash: string): boolean => !withVectors.has(hash) || withPatches?.has(hash) === false
  const plan = planEmbedding(pictures, needs)
  const { patches } = tables
  const keeper = patches && (await createPatchKeeper({ ...patches, dim: backbone.config.dim, expected: plan.work.length }))
  const work = keeper === undefined || (await patches?.table.basis()) !== undefined ? plan.work : spreadFirst(plan.work, basisPictures)

  const skipped: FileProblem[] = [...plan.skipped]
  const tell = (problem: FileProblem): void => {
    skipped.push(problem)
    emit({ kind: 'skipped', problem })
  }
  const run: Run<P> = {
    options,
    backbone,
    others: plan.others,
    outcomes: new Map(),
    keeper,
    batches: createStoreBatches(tables.vectors, patches?.table, options.batches),
    needs,
    hasVectors: (hash) => withVectors.has(hash),
    tell,
    embedded: 0,
    again: 0,
    already: plan.already,
  }
  const started = performance.now()
  try {
    for (let next = work; next.length > 0; ) {
      await embedPass(run, next, context)
      const settled = settleOthers(run.others, run.outcomes)
      run.already += settled.already
      settled.skipped.forEach(tell)
      next = settled.next
    }
    await run.batches.add(undefined, (await keeper?.finish()) ?? [])
  } catch (error) {
    await settleEarly(run)
    throw error
  }
  await run.batches.flush()
  const imagesPerSecond = (1000 * run.embedded) / Math.max(1, performance.now() - started)
  return { embedded: run.embedded, again: run.again, already: run.already, skipped, imagesPerSecond, patchCost: keeper?.cost() }
}
