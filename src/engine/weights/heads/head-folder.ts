/** @file Dense heads of a workspace on the disk: each a folder with what it is and its weights. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf, type HeadInfo } from '../../contract'
import { isPartialName, partialName, readRegularFile, saveFile, syncFolder } from '../../files'
import { toFloat32, type Tensor } from '../../tensor'
import { hashFile } from '../models/model-folder'
import { isModelId, numberedId, slugOf } from '../models/slug'
import { readSafetensors } from '../safetensors/read'
import { writeSafetensors } from '../safetensors/write'

const manifestFile = 'head.json'
const weightsFile = 'head.safetensors'
const largestManifest = 2 ** 22

const byte = z.int().min(0).max(255)
const training = z.strictObject({ modelId: z.string(), pictures: z.int(), validationPictures: z.int(), steps: z.int(), metrics: z.record(z.string(), z.number()) })
const manifest = z
  .strictObject({
    schema: z.literal(1),
    name: z.string().min(1),
    kind: z.enum(['depth', 'classes']),
    architecture: z.enum(['linear', 'dpt', 'bn-linear', 'regression']),
    dim: z.int().min(1),
    layerCount: z.int().min(1).max(64),
    minDepth: z.number().optional(),
    maxDepth: z.number().optional(),
    classes: z.array(z.strictObject({ name: z.string(), colour: z.tuple([byte, byte, byte]) })),
    importedFrom: z.string().optional(),
    note: z.string(),
    training: training.optional(),
    weights: z.strictObject({ sha256: z.string(), bytes: z.int() }),
  })
  .transform((read) => ({ ...read, minDepth: read.minDepth, maxDepth: read.maxDepth, importedFrom: read.importedFrom, training: read.training }))

export type HeadManifest = z.infer<typeof manifest>
/** Everything that is known before it is written. */
export type HeadDraft = Omit<HeadManifest, 'schema' | 'weights'>

export interface DenseHead {
  readonly headId: string
  readonly manifest: HeadManifest
}

/** Weights by their names in the reference, float32. */
export type HeadTensors = ReadonlyMap<string, Tensor<'float32'>>

/** Blocks of the official backbones that four layers are read from. Source: dinov2/hub/depthers.py:110-119. */
const officialLayers: Readonly<Record<number, readonly number[]>> = { 12: [2, 5, 8, 11], 24: [4, 11, 17, 23], 40: [9, 19, 29, 39] }
const officialDepths: Readonly<Record<number, number>> = { 384: 12, 768: 12, 1024: 24, 1536: 40 }

/** Blocks that a head of so many layers reads in a backbone of so many blocks. */
export function layersOf(layerCount: number, depth: number): readonly number[] {
  if (layerCount === 1) return [depth - 1]
  const official = officialLayers[depth]
  if (official?.length === layerCount) return official
  return Array.from({ length: layerCount }, (_, index) => Math.ceil(((index + 1) * depth) / layerCount) - 1)
}

/** What the page is told. */
export function headInfo({ headId, manifest: head }: DenseHead): HeadInfo {
  const { name, kind, architecture, dim, layerCount, minDepth, maxDepth, classes, importedFrom, note, training: trained, weights } = head
  return { headId, name, kind, architecture, dim, layers: layersOf(layerCount, officialDepths[dim] ?? layerCount), minDepth, maxDepth, classes, sizeBytes: weights.bytes, importedFrom, note, training: trained }
}

async function readManifest(folder: string): Promise<HeadManifest> {
  return manifest.parse(JSON.parse((await readRegularFile(join(folder, manifestFile), largestManifest)).toString('utf8')))
}

const notFound = (headId: string): EngineError => new EngineError('NOT_FOUND', `there is no head ${JSON.stringify(headId)}`, { detail: { headId } })

/** Heads below `root` by name. What cannot be read is told and left out. */
export async function listHeads(root: string, log: (line: string) => void): Promise<readonly DenseHead[]> {
  const heads: DenseHead[] = []
  for (const headId of (await readdir(root).catch(() => [])).filter((name) => !isPartialName(name) && isModelId(name))) {
    try {
      heads.push({ headId, manifest: await readManifest(join(root, headId)) })
    } catch (error) {
      log(`the head ${headId} cannot be read: ${messageOf(error)}`)
    }
  }
  return heads.sort((a, b) => a.manifest.name.localeCompare(b.manifest.name, 'en'))
}

/** What a head is, without its weights. @throws EngineError NOT_FOUND */
export async function readHeadManifest(root: string, headId: string): Promise<HeadManifest> {
  if (!isModelId(headId)) throw notFound(headId)
  return readManifest(join(root, headId)).catch(() => { throw notFound(headId) })
}

/** @throws EngineError NOT_FOUND, MODEL_DAMAGED when its weights are not those that were written */
export async function readHead(root: string, headId: string): Promise<DenseHead & { readonly tensors: HeadTensors }> {
  const head = await readHeadManifest(root, headId)
  const path = join(root, headId, weightsFile)
  if ((await hashFile(path)) !== head.weights.sha256) throw new EngineError('MODEL_DAMAGED', `${path} has changed since it was written; import the head again`, { detail: { path } })
  const tensors = new Map(Array.from(await readSafetensors(path), ([name, tensor]) => [name, toFloat32(tensor)]))
  return { headId, manifest: head, tensors }
}

/** Writes a head beside its place and gives it the first free name. @throws EngineError DISK */
export async function writeHead(root: string, draft: HeadDraft, tensors: HeadTensors): Promise<DenseHead> {
  const slug = slugOf(draft.name)
  const temporary = join(root, partialName(slug, String(process.hrtime.bigint())))
  try {
    await mkdir(temporary, { recursive: true })
    const { sha256, bytes } = await writeSafetensors(join(temporary, weightsFile), tensors)
    const written: HeadManifest = { ...draft, schema: 1, weights: { sha256, bytes } }
    await saveFile(join(temporary, manifestFile), `${JSON.stringify(written, undefined, 2)}\n`)
    const taken = new Set<string>(await readdir(root))
    for (let attempt = 1; ; attempt++) {
      const headId = numberedId(slug, attempt)
      if (taken.has(headId)) continue
      await rename(temporary, join(root, headId))
      await syncFolder(root)
      return { headId, manifest: written }
    }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    if (error instanceof EngineError) throw error
    throw new EngineError('DISK', `the head cannot be written to ${root}: ${messageOf(error)}`, { detail: { path: root }, cause: error })
  }
}

/** @throws EngineError NOT_FOUND, DISK */
export async function renameHead(root: string, headId: string, name: string): Promise<DenseHead> {
  const head = await readHeadManifest(root, headId)
  const renamed = { ...head, name }
  await saveFile(join(root, headId, manifestFile), `${JSON.stringify(renamed, undefined, 2)}\n`)
  return { headId, manifest: renamed }
}

/** @throws EngineError NOT_FOUND */
export async function removeHead(root: string, headId: string): Promise<void> {
  if (!isModelId(headId) || !(await readdir(root).catch((): string[] => [])).includes(headId)) throw notFound(headId)
  await rm(join(root, headId), { recursive: true, force: true })
}
