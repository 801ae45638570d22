/** @file LOST: the object grows from the patch that is like the fewest others. */
import { inSlices } from '../../collection'
import type { FoundObject } from '../../contract'
import { nothingFound, pieceWithSeed } from './found'
import type { ObjectFeatures, ObjectOptions } from './token-cut'

/** So many patches that are like few others may be seeds. */
const seedCandidates = 100

/** How many other patches each is like: products above 0, uint32 [patches]. */
async function degreesOf({ keys, dim }: ObjectFeatures, { products, signal, onProgress }: ObjectOptions): Promise<Uint32Array> {
  const count = keys.length / dim
  const degrees = new Uint32Array(count)
  await inSlices(count, Math.max(16, Math.floor(2 ** 20 / count)), signal, async (from, to) => {
    const found = await products(keys.subarray(from * dim, to * dim), keys, dim)
    for (let row = from; row < to; row++) {
      const line = (row - from) * count
      let degree = 0
      for (let column = 0; column < count; column++) if (found[line + column]! > 0) degree++
      degrees[row] = degree - (found[line + row]! > 0 ? 1 : 0)
    }
    onProgress?.((0.9 * to) / count)
  })
  return degrees
}

/**
 * The object by LOST: the seed is the patch with the fewest products above 0; of the 100 patches with the fewest, those
 * like the seed are summed, and patches whose product with the sum is above 0 are the object, of which the piece around
 * the seed is taken. Of equal patches the first counts.
 * Source: LOST (arXiv 2109.14279), object_discovery.py, `lost`, `patch_scoring`, `detect_box`.
 * @throws EngineError RUNTIME; the signal's reason
 */
export async function lost(features: ObjectFeatures, options: ObjectOptions): Promise<FoundObject> {
  const { keys, dim, grid } = features
  const count = keys.length / dim
  const degrees = await degreesOf(features, options)
  const rising = Uint32Array.from(degrees.keys()).sort((a, b) => degrees[a]! - degrees[b]! || a - b)
  const seed = rising[0]!
  if (degrees[seed] === degrees[rising[count - 1]!]) return nothingFound('lost', count, `each of the ${count} patches is like ${degrees[seed]!} others`)

  const keyOf = (patch: number): Float32Array => keys.subarray(patch * dim, (patch + 1) * dim)
  const withSeed = await options.products(keyOf(seed), keys, dim)
  const seeds = rising.subarray(0, seedCandidates).filter((patch) => withSeed[patch]! > 0)
  // Σ of the seeds' products with a patch is the product with their sum.
  const sum = new Float32Array(dim)
  for (const patch of seeds) keyOf(patch).forEach((value, column) => (sum[column]! += value))
  const field = await options.products(sum, keys, dim)
  const { mask, box } = pieceWithSeed(Uint8Array.from(field, (value) => (value > 0 ? 1 : 0)), seed, grid)
  const size = mask.reduce((total, value) => total + value, 0)
  if (size === 0) return nothingFound('lost', count, 'the patch that is like the fewest others is not even like itself')
  return {
    method: 'lost',
    mask,
    field,
    box,
    seed,
    note: `LOST by the keys of the last block: ${size} of ${count} patches, grown from ${seeds.length} that are like few others (the seed is like ${degrees[seed]!} of ${count - 1})`,
  }
}
