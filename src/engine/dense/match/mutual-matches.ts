/** @file Patches of two pictures that are each other's nearest. */
import { inSlices, topScores } from '../../collection'
import type { MutualMatches } from '../../contract'
import type { RowProducts } from '../../inference'
import { requireSameDim, type UnitPatches } from './patch-matches'

export interface MutualOptions {
  /** So many pairs at most. */
  readonly top: number
  readonly products: RowProducts
  readonly signal: AbortSignal
}

/** Products that are held at once: 4 MiB, read in some milliseconds. */
const blockProducts = 2 ** 20

/** For each row of each side the nearest on the other, of equal ones the first, and its cosine. */
interface NearestBothWays {
  readonly ofLeft: Int32Array
  readonly ofRight: Int32Array
  readonly leftCosine: Float32Array
}

async function nearestBothWays(left: UnitPatches, right: UnitPatches, { products, signal }: MutualOptions): Promise<NearestBothWays> {
  const { dim } = left
  const [rows, columns] = [left.tokens.length / dim, right.tokens.length / dim]
  const ofLeft = new Int32Array(rows)
  const leftCosine = new Float32Array(rows).fill(-Infinity)
  const ofRight = new Int32Array(columns)
  const rightCosine = new Float32Array(columns).fill(-Infinity)
  await inSlices(rows, Math.max(1, Math.floor(blockProducts / columns)), signal, async (from, to) => {
    const block = await products(left.tokens.subarray(from * dim, to * dim), right.tokens, dim)
    for (let row = from; row < to; row++) {
      const start = (row - from) * columns
      for (let column = 0; column < columns; column++) {
        const cosine = block[start + column]!
        if (cosine > leftCosine[row]!) {
          leftCosine[row] = cosine
          ofLeft[row] = column
        }
        if (cosine > rightCosine[column]!) {
          rightCosine[column] = cosine
          ofRight[column] = row
        }
      }
    }
  })
  return { ofLeft, ofRight, leftCosine }
}

/**
 * Pairs of which each patch is the other's nearest by cosine, most similar first, of equal ones in the order of the left picture.
 * @throws EngineError BAD_REQUEST for tokens of different models, RUNTIME; the signal's reason
 */
export async function mutualMatches(left: UnitPatches, right: UnitPatches, options: MutualOptions): Promise<MutualMatches> {
  requireSameDim(left, right)
  const { ofLeft, ofRight, leftCosine } = await nearestBothWays(left, right, options)
  const scores = leftCosine.map((cosine, row) => (ofRight[ofLeft[row]!] === row ? cosine : -Infinity))
  const chosen = topScores(scores, options.top)
  return { left: chosen, right: chosen.map((row) => ofLeft[row]!), cosine: Float32Array.from(chosen, (row) => leftCosine[row]!) }
}
