/** @file Turns what becomes of pictures into events, a few at a time. */
import type { FileProblem, ImageCheck, LibraryEvent } from '../contract'
import { createProgress, type ProgressReporter } from '../progress'
import { createEventBatch } from './event-batch'
import { imageEntry, type ImageRecord } from './image-record'

/** Told of everything that happens in a folder. */
export interface Teller {
  found(records: readonly ImageRecord[]): void
  checked(record: ImageRecord): void
  broken(record: ImageRecord, problem: FileProblem): void
  /** The file holds another picture than before. */
  changed(record: ImageRecord): void
  gone(records: readonly ImageRecord[]): void
  back(records: readonly ImageRecord[]): void
  skipped(problems: readonly FileProblem[]): void
  /** Sends what is held back. */
  flush(): void
  /** Sends what is held back and then nothing any more. */
  stop(): void
}

/** For a folder in which nobody is interested. */
export const silentTeller: Teller = {
  found: () => undefined,
  checked: () => undefined,
  broken: () => undefined,
  changed: () => undefined,
  gone: () => undefined,
  back: () => undefined,
  skipped: () => undefined,
  flush: () => undefined,
  stop: () => undefined,
}

export function createTeller(emit: (event: LibraryEvent) => void): Teller {
  let stopped = false
  const found = createEventBatch<ImageRecord>((records) => {
    emit({ kind: 'found', images: records.map(imageEntry) })
  })
  // A page must know a picture before it hears what became of it.
  const after = (event: LibraryEvent): void => {
    if (stopped) return
    found.flush()
    emit(event)
  }
  const ids = (kind: 'gone' | 'back' | 'changed') =>
    createEventBatch<string>((items) => {
      after({ kind, ids: items })
    })
  const [gone, back, changed] = [ids('gone'), ids('back'), ids('changed')]
  const checks = createEventBatch<ImageCheck>((items) => {
    // What changed is shown anew, and that with the size it has now.
    changed.flush()
    after({ kind: 'checked', checks: items })
  })
  const flush = (): void => {
    for (const batch of [found, gone, back, changed, checks]) batch.flush()
  }
  return {
    found: found.add,
    checked: ({ id, width, height }) => {
      checks.add([{ id, width, height }])
    },
    broken: ({ id }, problem) => {
      changed.flush()
      after({ kind: 'broken', id, problem })
    },
    changed: ({ id }) => {
      changed.add([id])
    },
    gone: (records) => {
      gone.add(records.map(({ id }) => id))
    },
    back: (records) => {
      back.add(records.map(({ id }) => id))
    },
    skipped: (problems) => {
      for (const problem of problems) after({ kind: 'skipped', problem })
    },
    flush,
    stop: () => {
      flush()
      stopped = true
      for (const batch of [found, gone, back, changed, checks]) batch.drop()
    },
  }
}

/** Counts pictures that have to be read, from the first one on. */
export function createReadProgress(emit: (event: LibraryEvent) => void): { queued(count: number): void; read(): void; finish(): void } {
  let progress: ProgressReporter | undefined
  return {
    queued: (count) => {
      if (count === 0) return
      if (progress === undefined) progress = createProgress('Reading pictures', count, emit)
      else progress.grow(count)
    },
    read: () => progress?.advance(1),
    finish: () => progress?.finish(),
  }
}
