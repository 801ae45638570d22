/** @file Clusterings of a workspace on the disk: each a folder with what it says now and what it said before. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf } from '../contract'
import { readRegularFile, saveFile } from '../files'
import type { ClusterState, StoredClustering } from './clustering-states'

export interface Clusterings {
  /** Newest first. One that is damaged is told in the log, moved aside and left out. */
  list(): Promise<readonly StoredClustering[]>
  /** @throws EngineError NOT_FOUND */
  find(clusteringId: string): Promise<StoredClustering>
  /** On the disk when it resolves. @throws EngineError DISK */
  add(clustering: StoredClustering): Promise<void>
  /** One change after the other. @throws EngineError NOT_FOUND, DISK, and what `change` throws */
  change(clusteringId: string, change: (clustering: StoredClustering) => Promise<StoredClustering>): Promise<StoredClustering>
  /** @throws EngineError NOT_FOUND, DISK */
  remove(clusteringId: string): Promise<void>
}

const version = 1
const infoFile = 'clustering.json'
const contentsFile = 'contents.bin'
const contentBytes = 32
/** Contents of eight million pictures. */
const largestFile = 2 ** 28
const largestInfo = 2 ** 26

const hexHash = z.string().regex(/^[0-9a-f]{64}$/)
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

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const labelsFile = (hash: string): string => `labels-${hash.slice(0, 32)}.bin`
const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

/** Reads a file of ours. @throws Error when it is not as it was written */
async function readWhole(path: string, hash: string): Promise<Buffer> {
  const bytes = await readRegularFile(path, largestFile)
  if (digest(bytes) !== hash) throw new Error(`${path} is not as it was written`)
  return bytes
}

async function readLabels(folder: string, hash: string, contents: number): Promise<Int32Array> {
  const bytes = await readWhole(join(folder, labelsFile(hash)), hash)
  if (bytes.length !== contents * 4) throw new Error(`${labelsFile(hash)} has ${bytes.length / 4} labels for ${contents} pictures`)
  return new Int32Array(Uint8Array.from(bytes).buffer)
}

async function readClustering(folder: string): Promise<StoredClustering> {
  const { version: _version, contents, states, ...info } = description.parse(JSON.parse((await readRegularFile(join(folder, infoFile), largestInfo)).toString('utf8')))
  const bytes = await readWhole(join(folder, contentsFile), contents)
  const hashes = Array.from({ length: bytes.length / contentBytes }, (_, index) => bytes.toString('hex', index * contentBytes, (index + 1) * contentBytes))
  const read: ClusterState[] = []
  for (const one of states) read.push({ ...one, labels: await readLabels(folder, one.labels, hashes.length) })
  return { ...info, hashes, places: new Map(hashes.map((hash, place) => [hash, place])), state: read.at(-1)!, undo: read.slice(0, -1) }
}

/** Writes what is new, then the description that refers to it, and only then deletes what nothing refers to any more. */
async function writeClustering(folder: string, { hashes, places: _places, state: current, undo, ...info }: StoredClustering): Promise<void> {
  await mkdir(folder, { recursive: true })
  const contents = Buffer.from(hashes.join(''), 'hex')
  const exists = (name: string): Promise<boolean> => stat(join(folder, name)).then(() => true, () => false)
  if (!(await exists(contentsFile))) await saveFile(join(folder, contentsFile), contents)
  const states: z.infer<typeof state>[] = []
  for (const one of [...undo, current]) {
    const bytes = bytesOf(one.labels)
    const labels = digest(bytes)
    if (!(await exists(labelsFile(labels)))) await saveFile(join(folder, labelsFile(labels)), bytes)
    states.push({ ...one, labels, clusters: one.clusters.map((known) => ({ ...known, representatives: [...known.representatives] })) })
  }
  await saveFile(join(folder, infoFile), `${JSON.stringify({ version, ...info, contents: digest(contents), states })}\n`)
  const wanted = new Set([infoFile, contentsFile, ...states.map(({ labels }) => labelsFile(labels))])
  for (const name of await readdir(folder)) if (!wanted.has(name)) await rm(join(folder, name), { force: true })
}

const isClusteringId = (name: string): boolean => /^[0-9a-f]{24}$/.test(name)

/**
 * Clusterings below `root`, read when they are first wanted.
 * @param log of what was found damaged
 */
export function createClusterings(root: string, log: (line: string) => void): Clusterings {
  let reading: Promise<Map<string, StoredClustering>> | undefined
  const readAll = async (): Promise<Map<string, StoredClustering>> => {
    const known = new Map<string, StoredClustering>()
    for (const name of (await readdir(root).catch(() => [])).filter(isClusteringId)) {
      try {
        known.set(name, await readClustering(join(root, name)))
      } catch (error) {
        const aside = `${name}.corrupt-${Date.now()}`
        await rename(join(root, name), join(root, aside)).catch(() => undefined)
        log(`clustering ${name} is damaged and was moved aside to ${aside}: ${messageOf(error)}`)
      }
    }
    return known
  }
  const all = (): Promise<Map<string, StoredClustering>> => (reading ??= readAll())
  const require = async (clusteringId: string): Promise<StoredClustering> => {
    const found = (await all()).get(clusteringId)
    if (found === undefined) throw new EngineError('NOT_FOUND', 'there is no clustering with this id', { detail: { clusteringId } })
    return found
  }
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
  const save = async (clustering: StoredClustering): Promise<void> => {
    await writeClustering(join(root, clustering.clusteringId), clustering)
    ;(await all()).set(clustering.clusteringId, clustering)
  }
  return {
    list: async () => [...(await all()).values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.clusteringId.localeCompare(b.clusteringId)),
    find: require,
    add: (clustering) => inTurn(() => save(clustering)),
    change: (clusteringId, change) =>
      inTurn(async () => {
        const changed = await change(await require(clusteringId))
        await save(changed)
        return changed
      }),
    remove: (clusteringId) =>
      inTurn(async () => {
        await require(clusteringId)
        // Without its description it is no clustering, should the rest not go at once.
        await rm(join(root, clusteringId, infoFile), { force: true })
        await rm(join(root, clusteringId), { recursive: true, force: true })
        ;(await all()).delete(clusteringId)
      }),
  }
}
