/** @file From fine to coarse: which segment each one belongs to when so many are left. Pure. */
import type { Segmentation } from '../../engine/contract'

/** The segment that each one has gone into by then; every segment is a key. */
export function segmentsAtLevel({ segments, merges }: Pick<Segmentation, 'segments' | 'merges'>, level: number): ReadonlyMap<number, number> {
  const into = new Map(segments.map(({ id }) => [id, id]))
  for (const merge of merges.slice(0, Math.max(0, segments.length - level)))
    for (const [id, now] of into) if (now === merge.from) into.set(id, merge.into)
  return into
}
