/** @file What a map is of, by content; and where its points lie in an opened folder. */
import { createHash } from 'node:crypto'
import type { MapData, MapInfo, MapRequest } from '../contract'
import type { LibraryImage, ModelKey } from '../library'
import type { HashRows } from './hash-rows'
import { contentBytes, type StoredMap } from './maps'

/** What decides how a map looks, besides its pictures; the rest is set to one value, so that it makes no other map. */
export type MapSettings = Omit<MapRequest, 'libraryId' | 'rows'>

/** PCA counts neighbours only to be measured, and takes a seed only to choose patches. */
export function decisiveSettings({ libraryId: _libraryId, rows: _rows, ...settings }: MapRequest): MapSettings {
  const { subject, method, pooling, seed } = settings
  return { ...settings, pooling: subject === 'patches' ? 'cls' : pooling, minDist: method === 'pca' ? 0 : settings.minDist, seed: method === 'pca' && subject === 'images' ? 0 : seed }
}

/** The same pictures, however they are named or ordered, with the same settings and model. @param hashes with repeats */
export function mapIdOf({ modelId: _modelId, ...settings }: MapSettings, key: ModelKey, hashes: readonly string[]): string {
  const { subject, method, pooling, dims, neighbours, minDist, seed } = settings
  const hash = createHash('sha256').update(JSON.stringify([subject, method, pooling, dims, neighbours, minDist, seed, key.sha256, key.dim, key.preprocessing]))
  for (const one of hashes.toSorted()) hash.update(one)
  return hash.digest('hex').slice(0, 32)
}

/**
 * The contents at some rows, and the rows of each.
 * @param among contents that count, all of them where it is left out
 */
export function presentContents(images: readonly LibraryImage[], rows: Uint32Array, among?: ReadonlySet<string>): { readonly hashes: readonly string[]; readonly rowsOf: HashRows } {
  const hashes: string[] = []
  const rowsOf = new Map<string, number[]>()
  for (const row of rows) {
    const hash = images[row]?.hash
    if (hash === undefined || among?.has(hash) === false) continue
    hashes.push(hash)
    const known = rowsOf.get(hash)
    if (known === undefined) rowsOf.set(hash, [row])
    else known.push(row)
  }
  return { hashes, rowsOf }
}

/** Hashes as bytes, 32 each. */
export function packContents(hashes: readonly string[]): Uint8Array {
  const contents = Buffer.alloc(hashes.length * contentBytes)
  hashes.forEach((hash, index) => contents.write(hash, index * contentBytes, contentBytes, 'hex'))
  return contents
}

function contentAt(contents: Uint8Array, index: number): string {
  return Buffer.from(contents.buffer, contents.byteOffset + index * contentBytes, contentBytes).toString('hex')
}

const sampled = 1000

/** Share of a map's pictures that are in the folder, over some of them spread over all. */
export function shareHere(contents: Uint8Array, rowsOf: HashRows): number {
  const count = contents.length / contentBytes
  const asked = Math.min(count, sampled)
  let here = 0
  for (let index = 0; index < asked; index++) if (rowsOf.has(contentAt(contents, Math.floor((index * count) / asked)))) here++
  return asked === 0 ? 0 : here / asked
}

/**
 * The row of each content. The second point of one content is the second file with it, so that each file has one point;
 * where patches are mapped each content is there once, and its first file stands for all.
 * @returns int32 [contents], -1 for a content that is not in the folder
 */
function rowsOfContents(contents: Uint8Array, rowsOf: HashRows): Int32Array {
  const taken = new Map<string, number>()
  return Int32Array.from({ length: contents.length / contentBytes }, (_, index) => {
    const hash = contentAt(contents, index)
    const turn = taken.get(hash) ?? 0
    taken.set(hash, turn + 1)
    return rowsOf.get(hash)?.[turn] ?? -1
  })
}

/** A map as the folder sees it now; points whose picture is not there are left out. @param info as it is to be told */
export function placeMap({ contents, members, coordinates }: StoredMap, info: MapInfo, rowsOf: HashRows): MapData {
  const { dims } = info
  const pictureRows = rowsOfContents(contents, rowsOf)
  const count = coordinates.length / dims
  const rows = new Uint32Array(count)
  const patches = members === undefined ? undefined : new Uint32Array(count)
  const placed = new Float32Array(coordinates.length)
  let at = 0
  for (let point = 0; point < count; point++) {
    const row = pictureRows[members === undefined ? point : members[2 * point]!]!
    if (row < 0) continue
    rows[at] = row
    if (patches !== undefined) patches[at] = members![2 * point + 1]!
    for (let axis = 0; axis < dims; axis++) placed[at * dims + axis] = coordinates[point * dims + axis]!
    at++
  }
  return { info, rows: rows.slice(0, at), patches: patches?.slice(0, at), coordinates: placed.slice(0, at * dims) }
}
