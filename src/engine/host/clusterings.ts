/** @file Clusterings of a workspace on the disk: each a folder with what it says now and what it said before. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile, saveFile } from '../files'
import type { ClusterState, StoredClustering } from './clustering-states'
import { bytesOf, hexHash, packHashes, readHashed, saveHashed, unpackHashes } from './hashed-files'
import { createKeptFolders, type KeptFolders } from './kept-folders'

export type Clusterings = KeptFolders<StoredClustering>

const version = 1
const infoFile = 'clustering.json'
const contentsFile = 'contents.bin'
const largestInfo = 2 ** 26

const cluster = z.strictObject({ id: z.int().min(0), name: z.string(), tightness: z.number(), representatives: z.array(hexHash) })
/** `labels`: sha256 of the file that holds them, which is also its name. */
const state = z.strictObject({ labels: hexHash, clusters: z.array(cluster), silhouette: z.number() })
const description = z.strictObject({
  version: z.literal(version),
  clusteringId: z.string(),
  name: z.string(),
  method: z.enum(['kmeans', 'density']),
  modelId: z.string(),
  pooling: z.enum(['cls', 'mean', 'cls+mean']),
  createdAt: z.string(),
  seed: z.number(),
  /** sha256 of the file with the contents. */
  contents: hexHash,
  /** The last one is how it is. */
  states: z.array(state).min(1),
})

const labelsFile = (hash: string): string => `labels-${hash.slice(0, 32)}.bin`

async function readLabels(folder: string, hash: string, contents: number): Promise<Int32Array> {
  const bytes = await readHashed(join(folder, labelsFile(hash)), hash)
  if (bytes.length !== contents * 4) throw new Error(`${labelsFile(hash)} has ${bytes.length / 4} labels for ${contents} pictures`)
  return new Int32Array(Uint8Array.from(bytes).buffer)
}

async function readClustering(folder: string): Promise<StoredClustering> {
  const { version: _version, contents, states, ...info } = description.parse(JSON.parse((await readRegularFile(join(folder, infoFile), largestInfo)).toString('utf8')))
  const hashes = unpackHashes(await readHashed(join(folder, contentsFile), contents))
  const read: ClusterState[] = []
  for (const one of states) read.push({ ...one, labels: await readLabels(folder, one.labels, hashes.length) })
  return { ...info, hashes, places: new Map(hashes.map((hash, place) => [hash, place])), state: read.at(-1)!, undo: read.slice(0, -1) }
}

/** Writes what is new, then the description that refers to it, and only then deletes what nothing refers to any more. */
async function writeClustering(folder: string, { hashes, places: _places, state: current, undo, ...info }: StoredClustering): Promise<void> {
  await mkdir(folder, { recursive: true })
  const contents = await saveHashed(folder, () => contentsFile, packHashes(hashes))
  const states: z.infer<typeof state>[] = []
  for (const one of [...undo, current]) {
    const labels = await saveHashed(folder, labelsFile, bytesOf(one.labels))
    states.push({ ...one, labels, clusters: one.clusters.map((known) => ({ ...known, representatives: [...known.representatives] })) })
  }
  await saveFile(join(folder, infoFile), `${JSON.stringify({ version, ...info, contents, states })}\n`)
  const wanted = new Set([infoFile, contentsFile, ...states.map(({ labels }) => labelsFile(labels))])
  for (const name of await readdir(folder)) if (!wanted.has(name)) await rm(join(folder, name), { force: true })
}

/**
 * Clusterings below `root`, read when they are first wanted.
 * @param log of what was found damaged
 */
export function createClusterings(root: string, log: (line: string) => void): Clusterings {
  return createKeptFolders({
    root,
    what: 'clustering',
    mainFile: infoFile,
    idOf: ({ clusteringId }) => clusteringId,
    createdAt: ({ createdAt }) => createdAt,
    read: readClustering,
    write: writeClustering,
    log,
  })
}
