/** @file The patches that show best what a segment is: those nearest to its centre, each of another picture. */
import type { TypicalPatch, TypicalPatchesRequest } from '../contract'
import { cosinesWithCentres } from '../collection'
import type { EngineState } from './engine-state'
import { memberPatches, tokensOf } from './segment-tokens'
import { rowsHere, sharesOf } from './segment-view'
import { centreOf, requireSegment } from './segmentation-states'
import { openProducts } from './vector-sets'

/** Pictures that are looked through, those with most of the segment: a click should be answered at once, however large the folder is. */
const mostPictures = 512

/** Which content a patch belongs to, by where the patches of each begin. */
function placeAt(starts: Uint32Array, patch: number): number {
  let [low, high] = [0, starts.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= patch) low = middle
    else high = middle
  }
  return low
}

/**
 * The best patch of each picture, nearest to the centre first.
 * @throws EngineError NOT_FOUND for a segmentation or segment that is not there, or a model without tokens
 */
export async function typicalPatches(state: EngineState, { libraryId, segmentationId, segment, top }: TypicalPatchesRequest): Promise<readonly TypicalPatch[]> {
  const segmentation = await state.segmentations.find(segmentationId)
  const { of } = requireSegment(segmentation.state, segment)
  const shares = sharesOf(segmentation, of)
  const rows = rowsHere(state, libraryId, segmentation)
  const places = [...shares.keys()].filter((place) => shares[place]! > 0 && rows[place]!.length > 0).sort((a, b) => shares[b]! - shares[a]! || a - b)
  const hashes = places.slice(0, mostPictures).map((place) => segmentation.hashes[place]!)
  const tokens = await tokensOf(state, segmentation.modelId)
  const { signal } = new AbortController()
  const options = { products: await openProducts(state), signal }
  const centre = centreOf(segmentation.state, of)
  const best = new Map<number, { readonly patch: number; readonly cosine: number }>()
  for await (const { patches, set } of memberPatches(tokens, segmentation, new Set(of), hashes, signal)) {
    const { own } = await cosinesWithCentres(set, centre, options)
    patches.forEach((patch, index) => {
      const [place, cosine] = [placeAt(segmentation.starts, patch), own[index]!]
      if (cosine > (best.get(place)?.cosine ?? -Infinity)) best.set(place, { patch: patch - segmentation.starts[place]!, cosine })
    })
  }
  return [...best]
    .sort(([placeA, a], [placeB, b]) => b.cosine - a.cosine || placeA - placeB)
    .slice(0, top)
    .map(([place, { patch, cosine }]) => ({ row: rows[place]![0]!, patch, cosine, gridHeight: segmentation.grids[2 * place]!, gridWidth: segmentation.grids[2 * place + 1]! }))
}
