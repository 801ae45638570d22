/** @file What the index knows of a folder, told at once, before the folder itself is looked at. */
import { setImmediate } from 'node:timers/promises'
import { addStored, type Library } from './library'
import { createNaturalOrder } from './natural-order'
import { createPlaces, type Place } from './places'
import type { StoredFile } from './store/store'

/** So many files are taken at a time before others are heard: a few milliseconds. */
const chunk = 512

interface Known extends Place {
  /** Keys of different files differ. */
  readonly raw: ''
  readonly stored: StoredFile
}

/**
 * Appends what the index knows to an empty library, in the order in which a scan would tell it, and tells it. Rows that no scan can
 * have given are passed over.
 * @throws the signal's reason
 */
export async function readIndex(library: Library, files: readonly StoredFile[], signal: AbortSignal): Promise<void> {
  const place = createPlaces(library.root)
  const order = createNaturalOrder<Known>()
  for (const [index, stored] of files.entries()) {
    const here = place(stored.relativePath)
    if (here !== undefined) order.add({ ...here, raw: '', stored })
    if (index % chunk === chunk - 1) await setImmediate()
  }
  let told = 0
  for (const { path, name, stored } of order.sorted()) {
    const record = addStored(library, path, name, stored)
    const { teller } = library
    teller.found([record])
    if (record.problem !== undefined) teller.broken(record, record.problem)
    else if (record.state === 'whole') teller.checked(record)
    told += 1
    if (told % chunk > 0) continue
    signal.throwIfAborted()
    await setImmediate()
  }
}
