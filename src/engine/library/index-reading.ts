/** @file What the index knows of a folder, told at once, before the folder itself is looked at. */
import { setImmediate } from 'node:timers/promises'
import { addStored, splitPath, type Library } from './library'
import { naturalKey, rawName } from './names'
import { createNaturalOrder } from './natural-order'
import type { StoredFile } from './store/store'

/** So many files are taken at a time before others are heard: a few milliseconds. */
const chunk = 512

// A name ends with what sorts before everything that may go on.
const nameEnds = '\0'

/** Sorts folders as a scan comes to them: a folder before those in it, those in natural order. Compare with `<`. */
function folderKey(prefix: string): string {
  return prefix
    .split('/')
    .slice(0, -1)
    .map((name) => naturalKey(name) + nameEnds + rawName(name) + nameEnds)
    .join('')
}

async function byFolder(files: readonly StoredFile[]): Promise<readonly (readonly StoredFile[])[]> {
  const folders = new Map<string, StoredFile[]>()
  for (const [index, file] of files.entries()) {
    const [prefix] = splitPath(file.relativePath)
    const folder = folders.get(prefix)
    if (folder === undefined) folders.set(prefix, [file])
    else folder.push(file)
    if (index % (8 * chunk) === 8 * chunk - 1) await setImmediate()
  }
  const order = createNaturalOrder<{ readonly key: string; readonly raw: ''; readonly inside: readonly StoredFile[] }>()
  for (const [prefix, inside] of folders) order.add({ key: folderKey(prefix), raw: '', inside })
  return Array.from(order.sorted(), ({ inside }) => inside)
}

/** The files of one folder, in the order in which a scan gives them. */
async function* inOrder(files: readonly StoredFile[]): AsyncGenerator<StoredFile> {
  const order = createNaturalOrder<{ readonly key: string; readonly raw: string; readonly stored: StoredFile }>()
  for (const [index, stored] of files.entries()) {
    const [, name] = splitPath(stored.relativePath)
    order.add({ key: naturalKey(name), raw: rawName(name), stored })
    if (index % chunk === chunk - 1) await setImmediate()
  }
  for (const { stored } of order.sorted()) yield stored
}

/**
 * Appends what the index knows to an empty library, in the order in which a scan would tell it, and tells it. Rows that no scan can
 * have given are passed over.
 * @throws the signal's reason
 */
export async function readIndex(library: Library, files: readonly StoredFile[], signal: AbortSignal): Promise<void> {
  const { teller } = library
  let told = 0
  for (const folder of await byFolder(files)) {
    for await (const stored of inOrder(folder)) {
      const record = addStored(library, stored)
      if (record === undefined) continue
      teller.found([record])
      if (record.problem !== undefined) teller.broken(record, record.problem)
      else if (record.state === 'whole') teller.checked(record)
      told += 1
      if (told % chunk > 0) continue
      signal.throwIfAborted()
      await setImmediate()
    }
  }
}
