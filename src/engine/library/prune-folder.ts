/** @file Keeps a folder of two levels below a number of bytes by deleting what was not used for longest. */
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const lookupsAtOnce = 16
/** Some room is made, so that not every further file needs another look at all of them. */
const keptShare = 0.9
/** What is younger may still be being written. */
const leftoverMs = 60 * 60 * 1000

interface Sized {
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

async function* filesIn(folder: string, isLeftover: (name: string) => boolean): AsyncGenerator<readonly Sized[]> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue
    const names = await readdir(join(folder, entry.name)).catch(() => [])
    for (let start = 0; start < names.length; start += lookupsAtOnce) {
      const looked = await Promise.all(
        names.slice(start, start + lookupsAtOnce).map(async (name) => {
          const path = join(folder, entry.name, name)
          const stats = await lstat(path).catch(() => undefined)
          if (stats?.isFile() !== true) return undefined
          if (!isLeftover(name)) return { path, sizeBytes: stats.size, modifiedMs: stats.mtimeMs }
          if (Date.now() - stats.mtimeMs > leftoverMs) await rm(path, { force: true })
          return undefined
        }),
      )
      yield looked.filter((file) => file !== undefined)
    }
  }
}

/**
 * Deletes the oldest files by their modification time until at most nine tenths of `maxBytes` are left, where there are more than
 * `maxBytes`; leftovers of unfinished writes go in any case.
 * @returns bytes that are left
 */
export async function pruneFolder(folder: string, maxBytes: number, isLeftover: (name: string) => boolean): Promise<number> {
  let total = 0
  const times: number[] = []
  const sizes: number[] = []
  for await (const files of filesIn(folder, isLeftover)) {
    for (const { sizeBytes, modifiedMs } of files) {
      total += sizeBytes
      times.push(modifiedMs)
      sizes.push(sizeBytes)
    }
  }
  if (total <= maxBytes) return total
  const limit = ageLimit(times, sizes, total - keptShare * maxBytes)
  for await (const files of filesIn(folder, isLeftover)) {
    for (const { path, sizeBytes, modifiedMs } of files) {
      // Several may be of the limit's age, and more have come meanwhile.
      if (modifiedMs > limit || total <= keptShare * maxBytes) continue
      await rm(path, { force: true })
      total -= sizeBytes
    }
  }
  return total
}

/** The time up to which files have to go for `bytes` to be freed. */
function ageLimit(times: readonly number[], sizes: readonly number[], bytes: number): number {
  const oldestFirst = Uint32Array.from(times.keys()).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0))
  let freed = 0
  for (const index of oldestFirst) {
    freed += sizes[index] ?? 0
    if (freed >= bytes) return times[index] ?? 0
  }
  return Infinity
}
