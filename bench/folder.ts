/** @file How fast a large folder is there: its names, its first thumbnail, all of it read, and opened again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineError, isEngineError, type LibraryEvent } from '../src/engine/contract'
import { createLibraries, type FileTable, type Libraries } from '../src/engine/library'
import { watchLag, type Lag } from './lag'
import { makeLibrary } from './make-library'
import { peakRssMb, type Measurement } from './report'

export interface FolderBench {
  /** Pictures in the folder. */
  readonly count: number
  /** The index of a workspace, opened. */
  openFiles(workspace: string): Promise<FileTable & { close(): Promise<void> }>
  note(line: string): void
}

const perFolder = 1_000
const gridEdge = 256

interface Opening {
  /** Until the first picture was told, until its thumbnail was there, until all were told. */
  readonly firstMs: number
  readonly thumbnailMs: number
  readonly allToldMs: number
  readonly wholeMs: number
  readonly checked: number
}

/** Opens a folder, counting what is told; ends once `count` pictures are told when `namesOnly`. */
async function open(libraries: Libraries, folder: string, count: number, namesOnly: boolean): Promise<Opening> {
  const cancel = new AbortController()
  const begun = performance.now()
  const since = (): number => performance.now() - begun
  let [firstMs, allToldMs, told, checked] = [0, 0, 0, 0]
  let thumbnail: Promise<number> | undefined
  const emit = (event: LibraryEvent): void => {
    if (event.kind === 'checked') checked += event.checks.length
    if (event.kind !== 'found') return
    const [first] = event.images
    if (told === 0) firstMs = since()
    if (first !== undefined) thumbnail ??= libraries.render(first.id, gridEdge).then(since)
    told += event.images.length
    if (told < count) return
    allToldMs = since()
    if (namesOnly) cancel.abort(new EngineError('CANCELLED', 'all names are known'))
  }
  await libraries.open(folder, { signal: cancel.signal, emit }).catch((error: unknown) => {
    if (!isEngineError(error, 'CANCELLED')) throw error
  })
  return { firstMs, thumbnailMs: (await thumbnail) ?? 0, allToldMs, wholeMs: since(), checked }
}

/** Measures in a fresh folder of `count` pictures and a fresh workspace, both gone afterwards. */
export async function benchFolder({ count, openFiles, note }: FolderBench): Promise<readonly Measurement[]> {
  const place = await mkdtemp(join(tmpdir(), 'dinoscope-bench-'))
  const [folder, workspace] = [join(place, 'pictures'), join(place, 'workspace')]
  const measurements: Measurement[] = []
  const measure = (name: string, value: number, unit: string): void => {
    measurements.push({ name: `library ${count}: ${name}`, value, unit, peakRssMb: peakRssMb() })
  }
  try {
    note(`making ${count} pictures …`)
    await makeLibrary(folder, { files: count, perFolder })

    const before = process.memoryUsage.rss() / 2 ** 20
    const measureLag = (what: string, { p99Ms, worstMs, ownP99Ms, ownWorstMs, rssMb }: Lag): void => {
      measure(`${what}, event-loop lag p99`, p99Ms, 'ms')
      measure(`${what}, event-loop lag worst`, worstMs, 'ms')
      if (ownP99Ms !== undefined) measure(`${what}, event-loop lag p99 of its own doing`, ownP99Ms, 'ms')
      if (ownWorstMs !== undefined) measure(`${what}, event-loop lag worst of its own doing`, ownWorstMs, 'ms')
      measure(`${what}, memory added`, rssMb - before, 'MB')
    }
    const session = async <T>(work: (libraries: Libraries) => Promise<T>): Promise<T> => {
      const files = await openFiles(workspace)
      const libraries = createLibraries({ files, workspace })
      try {
        return await work(libraries)
      } finally {
        await libraries.dispose()
        await files.close()
      }
    }
    await session(async (libraries) => {
      const watched = watchLag()
      const { thumbnailMs, allToldMs } = await open(libraries, folder, count, true)
      const lag = watched.stop()
      measure('first thumbnail', thumbnailMs, 'ms')
      measure('names', allToldMs, 'ms')
      measureLag('names', lag)
    })
    note(`reading ${count} pictures …`)
    await session(async (libraries) => {
      const watched = watchLag()
      const { wholeMs, checked } = await open(libraries, folder, count, false)
      const lag = watched.stop()
      measure('first reading', (1000 * checked) / wholeMs, 'img/s')
      measureLag('first reading', lag)
    })
    await session(async (libraries) => {
      const watched = watchLag()
      const { firstMs, thumbnailMs, allToldMs, wholeMs } = await open(libraries, folder, count, false)
      const lag = watched.stop()
      measure('opened again, first pictures', firstMs, 'ms')
      measure('opened again, first thumbnail', thumbnailMs, 'ms')
      measure('opened again, usable grid', allToldMs, 'ms')
      measure('opened again, compared with the disk', wholeMs, 'ms')
      measureLag('opened again', lag)
    })
    return measurements
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
