/** @file Patch tokens of pictures, read from the store as the points of a map. */
import { EngineError } from '../contract'
import { inSlices, patchShare, patchVectorDim, patchVectors, pickPatches, type VectorSet } from '../collection'
import type { PatchBasis, PatchTable, StoredPatches } from '../library'

export interface PatchPoints {
  /** One vector per point; its rows count the points. */
  readonly set: VectorSet
  /** Pictures that gave points, by hash. */
  readonly hashes: readonly string[]
  /** Which of the pictures, and which of its patches; int32 [points, 2]. */
  readonly members: Int32Array
  /** Patches of all pictures that were asked for. */
  readonly of: number
}

export interface PatchPointOptions {
  /** Points at most. */
  readonly budget: number
  readonly seed: number
  readonly signal: AbortSignal
  /** Pictures that were read. */
  readonly onRead: (pictures: number) => void
}

/** Only what is chosen of a picture is kept while the others are read. */
interface Picked extends Pick<StoredPatches, 'hash' | 'codes' | 'scale'> {
  /** Which of the picture's patches the codes are of. */
  readonly patches: Uint32Array
}

function pick({ hash, codes, scale }: StoredPatches, dims: number, share: number, seed: number, picture: number): Picked {
  const patches = pickPatches(codes.length / dims, share, seed, picture)
  const kept = new Int8Array(patches.length * dims)
  patches.forEach((patch, index) => {
    kept.set(codes.subarray(patch * dims, (patch + 1) * dims), index * dims)
  })
  return { hash, scale, patches, codes: kept }
}

/** Pictures made vectors of before the event loop turns: some milliseconds. */
const picturesAtOnce = 64

async function pointsOf(basis: PatchBasis, pictures: readonly Picked[], signal: AbortSignal): Promise<Omit<PatchPoints, 'of'>> {
  const count = pictures.reduce((sum, { patches }) => sum + patches.length, 0)
  const dim = patchVectorDim(basis)
  const set = { dim, rows: Uint32Array.from({ length: count }, (_, point) => point), matrix: new Float32Array(count * dim) }
  const members = new Int32Array(2 * count)
  let at = 0
  await inSlices(pictures.length, picturesAtOnce, signal, (from, to) => {
    set.matrix.set(patchVectors(basis, pictures.slice(from, to)), at * dim)
    for (let picture = from; picture < to; picture++)
      for (const patch of pictures[picture]!.patches) {
        members.set([picture, patch], 2 * at)
        at++
      }
  })
  return { set, hashes: pictures.map(({ hash }) => hash), members }
}

/**
 * Points from all pictures evenly, the same ones for the same pictures, budget and seed.
 * @param hashes pictures with patch tokens, each once
 * @throws EngineError NOT_FOUND when none of them can be read; the signal's reason
 */
export async function loadPatchPoints(table: PatchTable, basis: PatchBasis, hashes: readonly string[], { budget, seed, signal, onRead }: PatchPointOptions): Promise<PatchPoints> {
  const sorted = hashes.toSorted()
  const places = new Map(sorted.map((hash, picture) => [hash, picture]))
  const wanted = new Set(sorted.filter((_, picture) => patchShare(picture, sorted.length, budget) > 0))
  const read: (Picked | undefined)[] = sorted.map(() => undefined)
  let [patches, pictures] = [0, 0]
  for await (const batch of table.scan(wanted, signal)) {
    signal.throwIfAborted()
    for (const stored of batch) {
      const picture = places.get(stored.hash)
      if (picture === undefined) continue
      read[picture] = pick(stored, basis.dims, patchShare(picture, sorted.length, budget), seed, picture)
      patches += stored.codes.length / basis.dims
      pictures++
    }
    onRead(pictures)
  }
  if (pictures === 0) throw new EngineError('NOT_FOUND', 'none of the patch tokens of these pictures can be read; embed them with patches again')
  // Pictures that gave no point have as many patches as the others: a library is embedded at one size.
  return { ...(await pointsOf(basis, read.filter((one) => one !== undefined), signal)), of: Math.round((patches / pictures) * sorted.length) }
}
