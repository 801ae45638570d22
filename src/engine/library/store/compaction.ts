/** @file When the many small files of a table are worth being written together. */
import type { Table as LanceTable } from '@lancedb/lancedb'

/** Each commit adds a file; fewer than these are read as quickly as one. */
const fewFiles = 24
/** So many are written together whatever it costs. */
const manyFiles = 240
/** A reader in another process may still be reading a version that old. */
const keptVersionsMs = 10 * 60_000

/**
 * LanceDB writes all that is smaller than a million rows together, so doing it each time would write everything again and
 * again. Once the largest file is no more than half of it all, each row is written a logarithm of times.
 */
async function isDue(table: LanceTable): Promise<boolean> {
  const { fragmentStats, numRows } = await table.stats()
  return fragmentStats.numFragments >= manyFiles || (fragmentStats.numFragments >= fewFiles && fragmentStats.lengths.max * 2 <= numRows)
}

/** Writes small files together and lets old versions go, if that is due. Row ids change; answers whether they have. */
export async function compactIfDue(table: LanceTable, now: number = Date.now()): Promise<boolean> {
  if (!(await isDue(table))) return false
  await table.optimize({ cleanupOlderThan: new Date(now - keptVersionsMs) })
  return true
}
