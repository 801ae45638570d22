/** @file Folders opened in tests: libraries with a workspace of their own, and what they told. */
import { onTestFinished } from 'vitest'
import type { FileProblem, LibraryChanges, LibraryEvent, LibrarySummary } from '../../src/engine/contract'
import { createLibraries, type FileTable, type Libraries } from '../../src/engine/library'
import { temporaryFolder } from './folders'
import { memoryFiles } from './memory-files'

export interface LibraryWorld {
  readonly files?: FileTable
  readonly workspace?: string
  readonly thumbsBytes?: number
  onChanged?(changes: LibraryChanges): void
  onTrouble?(error: unknown): void
}

/** Libraries that are disposed of when the test is over. Folders that are away are looked for every tenth of a second. */
export async function newLibraries({ files = memoryFiles(), workspace, ...options }: LibraryWorld = {}): Promise<Libraries> {
  const libraries = createLibraries({ files, workspace: workspace ?? (await temporaryFolder()), followTimes: { lookMs: 100, scanMs: 300 }, ...options })
  onTestFinished(() => libraries.dispose())
  return libraries
}

export interface OpenedFolder {
  readonly libraries: Libraries
  readonly summary: LibrarySummary
  readonly events: readonly LibraryEvent[]
  /** Ids by relative path. */
  readonly ids: ReadonlyMap<string, string>
}

export async function openFolder(folder: string, libraries?: Libraries): Promise<OpenedFolder> {
  const used = libraries ?? (await newLibraries())
  const events: LibraryEvent[] = []
  const summary = await used.open(folder, { signal: new AbortController().signal, emit: (event) => events.push(event) })
  return { libraries: used, summary, events, ids: new Map(used.images(summary.libraryId).map(({ id, relativePath }) => [relativePath, id])) }
}

export const ofKind = <K extends LibraryEvent['kind']>(events: readonly LibraryEvent[], kind: K) => events.filter((event): event is Extract<LibraryEvent, { kind: K }> => event.kind === kind)

export const problemsIn = (events: readonly LibraryEvent[]): FileProblem[] => [...ofKind(events, 'broken'), ...ofKind(events, 'skipped')].map(({ problem }) => problem)

export const idOf = ({ ids }: OpenedFolder, relativePath: string): string => ids.get(relativePath) ?? ''

/** Waits until `holds`, for what happens by itself. */
export async function until(holds: () => boolean, waitMs = 5_000): Promise<void> {
  const start = performance.now()
  while (!holds() && performance.now() - start < waitMs) await new Promise((resolve) => setTimeout(resolve, 10))
  if (!holds()) throw new Error(`this did not come to pass within ${waitMs} ms: ${holds.toString()}`)
}
