/**
 * @file The images of a folder as plain growing arrays: no reactivity per item, so that 100 000 of them stay cheap. Name order
 * here and the order in which the engine lists a folder must agree, or pictures would jump while a scan arrives.
 */
import type { FileProblem, ImageCheck, ImageEntry, LibraryEvent } from '../../engine/contract'

export interface ImageTable {
  readonly entries: ImageEntry[]
  /** For each entry what name order compares. */
  readonly nameKeys: string[]
  /** For each entry what folder order compares. */
  readonly folderKeys: string[]
  /** For each entry what the filter box looks into. */
  readonly searchTexts: string[]
  readonly indexById: Map<string, number>
  readonly checks: Map<string, ImageCheck>
  readonly problems: Map<string, FileProblem>
  readonly skipped: FileProblem[]
  /** Images whose files are not there now. */
  readonly gone: Set<string>
  /** How often an image's file has become another picture, where it has. */
  readonly revisions: Map<string, number>
}

export function createImageTable(): ImageTable {
  return {
    entries: [],
    nameKeys: [],
    folderKeys: [],
    searchTexts: [],
    indexById: new Map(),
    checks: new Map(),
    problems: new Map(),
    skipped: [],
    gone: new Set(),
    revisions: new Map(),
  }
}

/** The folder part of a relative path, '' at the top. */
export function folderOf(relativePath: string): string {
  const slash = relativePath.lastIndexOf('/')
  return slash < 0 ? '' : relativePath.slice(0, slash)
}

/** A form of `text` whose plain string order is the order people expect: no case, numbers by value. The engine's `naturalKey`, to the letter. */
export function naturalKey(text: string): string {
  const folded = text.normalize('NFKD').toLowerCase()
  // The number's length goes first, so that longer numbers sort behind shorter ones.
  return folded.replace(/\d+/g, (digits) => {
    const number = digits.replace(/^0+(?=\d)/, '')
    return String.fromCharCode(0x30 + Math.min(number.length, 0x1000)) + number
  })
}

function addImages(table: ImageTable, images: readonly ImageEntry[]): void {
  for (const image of images) {
    if (table.indexById.has(image.id)) continue
    table.indexById.set(image.id, table.entries.length)
    table.entries.push(image)
    table.nameKeys.push(naturalKey(image.name))
    table.folderKeys.push(naturalKey(folderOf(image.relativePath)))
    table.searchTexts.push(image.relativePath.toLowerCase())
  }
}

/** What was known of the old picture is forgotten; what is true of the new one is told next. */
function changePicture(table: ImageTable, id: string): void {
  table.checks.delete(id)
  table.problems.delete(id)
  table.gone.delete(id)
  table.revisions.set(id, (table.revisions.get(id) ?? 0) + 1)
}

/** Writes what one event tells into the table. */
export function recordEvent(table: ImageTable, event: LibraryEvent): void {
  switch (event.kind) {
    case 'found':
      addImages(table, event.images)
      return
    case 'checked':
      for (const check of event.checks) table.checks.set(check.id, check)
      return
    case 'broken':
      table.problems.set(event.id, event.problem)
      return
    case 'skipped':
      table.skipped.push(event.problem)
      return
    case 'gone':
      for (const id of event.ids) table.gone.add(id)
      return
    case 'back':
      for (const id of event.ids) table.gone.delete(id)
      return
    case 'changed':
      for (const id of event.ids) changePicture(table, id)
      return
    case 'opened':
    case 'progress':
  }
}
