/** @file The vectors that the same pictures have of two models, as the models gave them. */
import { EngineError, type CompareModelsRequest, type FileProblem } from '../../contract'
import { samplePositions, type ModelVectors } from '../../collection'
import { pooledDim } from '../../inference'
import { randomStream } from '../../tensor'
import type { EngineState } from '../engine-state'
import { presentRows } from '../row-hashes'
import { vectorTableOf } from '../vector-sets'

export interface CommonVectors {
  /** Rising. */
  readonly rows: Uint32Array
  /** Pictures that have vectors of both. */
  readonly of: number
  readonly a: ModelVectors
  readonly b: ModelVectors
}

/** Comparing each with each takes some twenty seconds on two cores up to here; of more, so many are chosen by chance, the same each time. */
const mostCompared = 10_000
const sampleSeed = 0

/** The rows of a matrix at some positions, themselves rising; in place, since each goes no further back than it was. */
function keepRows(matrix: Float32Array, dim: number, positions: readonly number[]): Float32Array {
  positions.forEach((position, place) => {
    if (position !== place) matrix.copyWithin(place * dim, position * dim, (position + 1) * dim)
  })
  return matrix.subarray(0, positions.length * dim)
}

/**
 * Pictures without vectors of either model are left out, and so are those whose stored vectors turn out to be damaged.
 * @param skipped why pictures have no vectors, for the message
 * @throws EngineError NOT_FOUND when fewer than three pictures have vectors of both
 */
export async function commonVectors(state: EngineState, { libraryId, rows, modelA, modelB, pooling }: Omit<CompareModelsRequest, 'k'>, skipped: readonly FileProblem[], most = mostCompared): Promise<CommonVectors> {
  const images = state.libraries.images(libraryId)
  const tables = [await vectorTableOf(state, modelA), await vectorTableOf(state, modelB)] as const
  const stored = [await tables[0].hashes(), await tables[1].hashes()] as const
  const withBoth = presentRows(state.libraries, libraryId, rows).filter((row) => {
    const hash = images[row]?.hash
    return hash !== undefined && stored.every((hashes) => hashes.has(hash))
  })
  const chosen = samplePositions(withBoth.length, most, randomStream(sampleSeed)).map((position) => withBoth[position]!)
  const hashes = Array.from(chosen, (row) => images[row]!.hash!)
  const read = [await tables[0].read(hashes, pooling), await tables[1].read(hashes, pooling)] as const
  const found = [new Set(read[0].found), new Set(read[1].found)] as const
  const inBoth = chosen.filter((_, position) => found.every((positions) => positions.has(position)))
  if (inBoth.length < 3)
    throw new EngineError('NOT_FOUND', `only ${inBoth.length} of the pictures have vectors of both models; at least three are needed to compare them`, { detail: { problems: skipped } })
  const vectorsOf = async (side: 0 | 1): Promise<ModelVectors> => {
    const { manifest } = await state.models.find(side === 0 ? modelA : modelB)
    const dim = pooledDim(manifest.config.dim, pooling)
    const positions = [...read[side].found.keys()].filter((place) => found[1 - side]!.has(read[side].found[place]!))
    return { dim, matrix: keepRows(read[side].matrix, dim, positions) }
  }
  return { rows: inBoth, of: withBoth.length, a: await vectorsOf(0), b: await vectorsOf(1) }
}
