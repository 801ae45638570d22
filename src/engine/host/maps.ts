/** @file Maps of a workspace on the disk. What they show is known by content, so that they outlive moved and renamed pictures. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf, type MapInfo } from '../contract'
import { decodeNpy, writeNpy } from '../export'
import { readRegularFile, saveFile } from '../files'

/** A map with what its points are. */
export interface StoredMap {
  readonly info: MapInfo
  /** sha256 of the bytes of pictures, 32 bytes each: one per point, or each picture once where patches are mapped. */
  readonly contents: Uint8Array
  /** Where patches are mapped: which of the pictures, and which of its patches; int32 [points, 2]. */
  readonly members: Int32Array | undefined
  /** float32 [points, dims]. */
  readonly coordinates: Float32Array
}

export interface MapStorage {
  /** All maps that can be read, without their coordinates; newest first. */
  list(): Promise<readonly Pick<StoredMap, 'info' | 'contents'>[]>
  /** Undefined where there is none; a damaged one is told in the log and counts as none. */
  find(mapId: string): Promise<StoredMap | undefined>
  /** On the disk when it resolves. @throws EngineError DISK */
  save(map: StoredMap): Promise<void>
}

export const contentBytes = 32

const version = 1
/** A map of a million points in three dimensions takes 12 MB, its contents 32 MB. */
const largestFile = 2 ** 30
const infoFile = 'map.json'
const arrayFiles = ['coordinates.npy', 'contents.npy', 'members.npy'] as const

const quality = z.strictObject({ neighbours: z.number(), trustworthiness: z.number(), preserved: z.number(), points: z.number() })
const mapInfo = z
  .strictObject({
    mapId: z.string(),
    modelId: z.string(),
    pooling: z.enum(['cls', 'mean', 'cls+mean']),
    subject: z.enum(['images', 'patches']),
    method: z.enum(['pca', 'umap']),
    dims: z.union([z.literal(2), z.literal(3)]),
    neighbours: z.number(),
    minDist: z.number(),
    seed: z.number(),
    points: z.int().min(0),
    computedAt: z.string(),
    quality: quality.optional(),
    explained: z.array(z.number()).optional(),
    of: z.number(),
  })
  .transform((info): MapInfo => ({ ...info, quality: info.quality, explained: info.explained }))
/** `files`: sha256 of each array, hex. */
const description = z.strictObject({ version: z.literal(version), info: mapInfo, files: z.record(z.enum(arrayFiles), z.string().optional()) })
type Description = z.infer<typeof description>

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** @throws Error when it is not as a map's is written */
async function readDescription(folder: string): Promise<Description> {
  const { success, data } = description.safeParse(JSON.parse((await readRegularFile(join(folder, infoFile), 2 ** 20)).toString('utf8')))
  if (!success) throw new Error(`${infoFile} is not as it was written`)
  return data
}

/** @throws Error when it is not the array that was written */
async function readArray(folder: string, name: (typeof arrayFiles)[number], { files }: Description) {
  const bytes = await readRegularFile(join(folder, name), largestFile)
  if (digest(bytes) !== files[name]) throw new Error(`${name} is not as it was written`)
  return decodeNpy(bytes).data
}

async function readMap(folder: string): Promise<StoredMap> {
  const described = await readDescription(folder)
  const { info, files } = described
  const [coordinates, contents] = [await readArray(folder, 'coordinates.npy', described), await readArray(folder, 'contents.npy', described)]
  const members = files['members.npy'] === undefined ? undefined : await readArray(folder, 'members.npy', described)
  const isWhole =
    coordinates instanceof Float32Array &&
    coordinates.length === info.points * info.dims &&
    contents instanceof Uint8Array &&
    (members === undefined ? contents.length === info.points * contentBytes : members instanceof Int32Array && members.length === info.points * 2)
  if (!isWhole) throw new Error('its arrays do not belong together')
  return { info, coordinates, contents, members: members instanceof Int32Array ? members : undefined }
}

/** A name that is no map's cannot lead out of the folder. */
const isMapId = (name: string): boolean => /^[0-9a-f]{32}$/.test(name)

/** @param log of what was found damaged */
export function createMapStorage(root: string, log: (line: string) => void): MapStorage {
  const tell = (mapId: string, error: unknown): void => {
    log(`map ${mapId} is damaged and will be computed anew: ${messageOf(error)}`)
  }
  const exists = (mapId: string): Promise<boolean> => stat(join(root, mapId, infoFile)).then(() => true, () => false)
  const known = async (): Promise<readonly string[]> => {
    const names = await readdir(root).catch(() => [])
    const there = await Promise.all(names.map(async (name) => isMapId(name) && (await exists(name))))
    return names.filter((_, index) => there[index])
  }
  return {
    list: async () => {
      const maps: Pick<StoredMap, 'info' | 'contents'>[] = []
      for (const mapId of await known()) {
        try {
          const described = await readDescription(join(root, mapId))
          const contents = await readArray(join(root, mapId), 'contents.npy', described)
          if (contents instanceof Uint8Array) maps.push({ info: described.info, contents })
        } catch (error) {
          tell(mapId, error)
        }
      }
      return maps.sort((a, b) => b.info.computedAt.localeCompare(a.info.computedAt) || a.info.mapId.localeCompare(b.info.mapId))
    },
    find: async (mapId) => {
      if (!isMapId(mapId) || !(await exists(mapId))) return undefined
      try {
        return await readMap(join(root, mapId))
      } catch (error) {
        tell(mapId, error)
        return undefined
      }
    },
    save: async ({ info, contents, members, coordinates }) => {
      const folder = join(root, info.mapId)
      await mkdir(folder, { recursive: true })
      // Without its description it is no map: what is left of an old one never meets what is new.
      await rm(join(folder, infoFile), { force: true })
      const arrays = [
        ['coordinates.npy', { dtype: 'float32', shape: [info.points, info.dims], data: coordinates }],
        ['contents.npy', { dtype: 'uint8', shape: [contents.length / contentBytes, contentBytes], data: contents }],
        ...(members === undefined ? [] : [['members.npy', { dtype: 'int32', shape: [info.points, 2], data: members }] as const]),
      ] as const
      const files: Partial<Record<(typeof arrayFiles)[number], string>> = {}
      for (const [name, array] of arrays) {
        await writeNpy(join(folder, name), array)
        files[name] = digest(await readRegularFile(join(folder, name), largestFile))
      }
      await saveFile(join(folder, infoFile), `${JSON.stringify({ version, info, files }, undefined, 2)}\n`)
    },
  }
}
