/** @file The neighbours that two models gave, kept for as long as they are looked at. */
import { randomBytes } from 'node:crypto'
import { EngineError, type NeighbourList, type NeighboursOfBoth } from '../../contract'
import { positionOf, type Neighbours } from '../../collection'

export interface KeptComparison {
  /** Rows of the folder that were compared, rising; neighbours are positions in them. */
  readonly rows: Uint32Array
  readonly a: Neighbours
  readonly b: Neighbours
}

export interface Comparisons {
  /** @returns the id that its neighbours can be asked for by */
  keep(comparison: KeptComparison): string
  /** @throws EngineError NOT_FOUND when it is no longer kept, or the row was not compared */
  neighboursOf(comparisonId: string, row: number): NeighboursOfBoth
}

const keptComparisons = 4

function listOf({ rows }: KeptComparison, { k, positions, cosines }: Neighbours, picture: number): NeighbourList {
  const listed = positions.subarray(picture * k, (picture + 1) * k).filter((position) => position >= 0)
  return { rows: Uint32Array.from(listed, (position) => rows[position]!), cosines: cosines.slice(picture * k, picture * k + listed.length) }
}

/** The oldest is forgotten first. */
export function createComparisons(): Comparisons {
  const kept = new Map<string, KeptComparison>()
  return {
    keep: (comparison) => {
      const comparisonId = randomBytes(12).toString('base64url')
      kept.set(comparisonId, comparison)
      for (const id of [...kept.keys()].slice(0, -keptComparisons)) kept.delete(id)
      return comparisonId
    },
    neighboursOf: (comparisonId, row) => {
      const comparison = kept.get(comparisonId)
      if (comparison === undefined) throw new EngineError('NOT_FOUND', 'this comparison is no longer kept; compare the two models again', { detail: { comparisonId } })
      const picture = positionOf(comparison.rows, row)
      if (picture < 0) throw new EngineError('NOT_FOUND', 'this picture was not among those that were compared', { detail: { comparisonId, row } })
      return { a: listOf(comparison, comparison.a, picture), b: listOf(comparison, comparison.b, picture) }
    },
  }
}
