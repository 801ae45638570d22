/** @file Segmentations of a workspace on the disk: each a folder with what it says now and what it said before. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile, saveFile } from '../files'
import { bytesOf, hexHash, packHashes, readHashed, saveHashed, unpackHashes } from './hashed-files'
import { createKeptFolders, type KeptFolders } from './kept-folders'
import { startsOf, type SegmentBase, type SegmentState, type StoredSegmentation } from './segmentation-states'

export type Segmentations = KeptFolders<StoredSegmentation>

const version = 1
const infoFile = 'segmentation.json'
const contentsFile = 'contents.bin'
const gridsFile = 'grids.bin'
const largestInfo = 2 ** 26
const labelsFile = (hash: string): string => `labels-${hash.slice(0, 32)}.bin`
const centresFile = (hash: string): string => `centres-${hash.slice(0, 32)}.bin`

const byte = z.int().min(0).max(255)
const segment = z.strictObject({ id: z.int().min(0), name: z.string(), colour: z.tuple([byte, byte, byte]), of: z.array(z.int().min(0)) })
/** `labels`, `centres`: sha256 of the files that hold them, which name them too. */
const state = z.strictObject({
  name: z.string(),
  base: z.strictObject({ labels: hexHash, centres: hexHash, dim: z.int().min(1), sizes: z.array(z.int().min(0)), tightness: z.array(z.number()) }),
  segments: z.array(segment),
})
const description = z.strictObject({
  version: z.literal(version),
  segmentationId: z.string(),
  modelId: z.string(),
  createdAt: z.string(),
  seed: z.number(),
  explained: z.number(),
  agreement: z.number(),
  leftOut: z.int().min(0).default(0),
  tried: z.array(z.strictObject({ segments: z.number(), explained: z.number() })),
  contents: hexHash,
  grids: hexHash,
  /** The last one is how it is. */
  states: z.array(state).min(1),
})

/** Reads each file once, however many states refer to it. */
async function readSegmentation(folder: string): Promise<StoredSegmentation> {
  const { version: _version, contents, grids: gridsHash, states, ...info } = description.parse(JSON.parse((await readRegularFile(join(folder, infoFile), largestInfo)).toString('utf8')))
  const hashes = unpackHashes(await readHashed(join(folder, contentsFile), contents))
  const grids = new Uint16Array(Uint8Array.from(await readHashed(join(folder, gridsFile), gridsHash)).buffer)
  const starts = startsOf(grids)
  if (grids.length !== 2 * hashes.length) throw new Error(`${gridsFile} has ${grids.length / 2} grids for ${hashes.length} pictures`)
  const bases = new Map<string, SegmentBase>()
  const read: SegmentState[] = []
  for (const { base, ...rest } of states) {
    const key = base.labels + base.centres
    let known = bases.get(key)
    if (known === undefined) {
      const labels = new Uint16Array(Uint8Array.from(await readHashed(join(folder, labelsFile(base.labels)), base.labels)).buffer)
      const centres = new Float32Array(Uint8Array.from(await readHashed(join(folder, centresFile(base.centres)), base.centres)).buffer)
      if (labels.length !== starts.at(-1) || centres.length !== base.dim * base.sizes.length) throw new Error('its arrays do not belong together')
      known = { ...base, labels, centres }
      bases.set(key, known)
    }
    read.push({ ...rest, base: known })
  }
  return { ...info, hashes, places: new Map(hashes.map((hash, place) => [hash, place])), grids, starts, state: read.at(-1)!, undo: read.slice(0, -1) }
}

/** Writes what is new, then the description that refers to it, and only then deletes what nothing refers to any more. */
async function writeSegmentation(folder: string, { hashes, places: _places, grids, starts: _starts, state: current, undo, ...info }: StoredSegmentation): Promise<void> {
  await mkdir(folder, { recursive: true })
  const contents = await saveHashed(folder, () => contentsFile, packHashes(hashes))
  const gridsHash = await saveHashed(folder, () => gridsFile, bytesOf(grids))
  const written = new Map<SegmentBase, { readonly labels: string; readonly centres: string }>()
  const states: z.infer<typeof state>[] = []
  for (const { base, segments, name } of [...undo, current]) {
    const files = written.get(base) ?? { labels: await saveHashed(folder, labelsFile, bytesOf(base.labels)), centres: await saveHashed(folder, centresFile, bytesOf(base.centres)) }
    written.set(base, files)
    states.push({
      name,
      base: { ...files, dim: base.dim, sizes: [...base.sizes], tightness: [...base.tightness] },
      segments: segments.map(({ id, name: called, colour, of }) => ({ id, name: called, colour: [...colour], of: [...of] })),
    })
  }
  await saveFile(join(folder, infoFile), `${JSON.stringify({ version, ...info, contents, grids: gridsHash, states })}\n`)
  const wanted = new Set([infoFile, contentsFile, gridsFile, ...states.flatMap(({ base }) => [labelsFile(base.labels), centresFile(base.centres)])])
  for (const name of await readdir(folder)) if (!wanted.has(name)) await rm(join(folder, name), { force: true })
}

/**
 * Segmentations below `root`, read when they are first wanted.
 * @param log of what was found damaged
 */
export function createSegmentations(root: string, log: (line: string) => void): Segmentations {
  return createKeptFolders({
    root,
    what: 'segmentation',
    mainFile: infoFile,
    idOf: ({ segmentationId }) => segmentationId,
    createdAt: ({ createdAt }) => createdAt,
    read: readSegmentation,
    write: writeSegmentation,
    log,
  })
}

