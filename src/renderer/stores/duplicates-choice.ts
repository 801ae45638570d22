/** @file Which copies stay and which go, as plain data: what a person decided, and what follows of it. The last copy of anything always stays. */
import { rowToKeep, type DuplicateGroup, type GroupedPairs, type KeepFacts } from '../../engine/display'

/** Looked at: one is kept, or they are no duplicates of each other at all. */
export type Verdict = 'kept' | 'distinct'

/** What was decided of duplicates. */
export interface Decisions {
  /** Rows that a person wants to keep, later ones with higher numbers. */
  readonly pins: ReadonlyMap<number, number>
  /** By {@link groupKey}: a group that grows or shrinks with the threshold is another one, and is judged anew. */
  readonly verdicts: ReadonlyMap<string, Verdict>
  /** Its pictures stay rather than their copies elsewhere. */
  readonly preferredFolder: string | undefined
}

export const noDecisions: Decisions = { pins: new Map(), verdicts: new Map(), preferredFolder: undefined }

export function groupKey({ rows }: DuplicateGroup): string {
  return rows.join(' ')
}

/**
 * Keeps `row` of a group. Pins belong to pictures and not to groups: a group of one grade lies within one of a looser grade, and
 * were each to keep its own, what both would give up could be all there is.
 */
export function pinned(decisions: Decisions, { rows }: DuplicateGroup, row: number): Decisions {
  const pins = new Map(decisions.pins)
  for (const other of rows) pins.delete(other)
  let latest = 0
  for (const number of pins.values()) latest = Math.max(latest, number)
  return { ...decisions, pins: pins.set(row, latest + 1) }
}

/** Says of a group that it was looked at; undefined takes that back. */
export function judged(decisions: Decisions, group: DuplicateGroup, verdict: Verdict | undefined): Decisions {
  const verdicts = new Map(decisions.verdicts)
  if (verdict === undefined) verdicts.delete(groupKey(group))
  else verdicts.set(groupKey(group), verdict)
  return { ...decisions, verdicts }
}

/** The row of a group that stays: the one pinned last, or the one that the rule proposes. */
export function rowThatStays({ pins, preferredFolder }: Decisions, { rows }: DuplicateGroup, factsOf: (row: number) => KeepFacts): number {
  let latest: number | undefined
  for (const row of rows) if (pins.has(row) && (latest === undefined || pins.get(row)! > pins.get(latest)!)) latest = row
  return latest ?? rowToKeep(rows, factsOf, preferredFolder)
}

/** Groups of the pictures that can still be compared: without those whose files are gone or have changed, and at least two of them. */
export function comparableGroups(groups: readonly DuplicateGroup[], isComparable: (row: number) => boolean): readonly DuplicateGroup[] {
  return groups.flatMap((group) => {
    const rows = group.rows.filter(isComparable)
    if (rows.length === group.rows.length) return [group]
    return rows.length < 2 ? [] : [{ ...group, rows }]
  })
}

/** Rows that would go, rising. Groups that are no duplicates lose nothing. */
export function rowsToGo(decisions: Decisions, groups: readonly DuplicateGroup[], scope: 'all' | 'reviewed', factsOf: (row: number) => KeepFacts): Uint32Array {
  const going: number[] = []
  for (const group of groups) {
    const verdict = decisions.verdicts.get(groupKey(group))
    if (verdict === 'distinct' || (scope === 'reviewed' && verdict === undefined)) continue
    const stays = rowThatStays(decisions, group, factsOf)
    for (const row of group.rows) if (row !== stays) going.push(row)
  }
  return Uint32Array.from(going).sort()
}

/**
 * Of the rows that would go, those of which no file with the same bytes stays. A saved selection knows pictures by their content, so
 * it would take the copy that stays along with the one that goes.
 */
export function savableRows(going: Uint32Array, { left, right, grade }: GroupedPairs): Uint32Array {
  const goes = new Set(going)
  // Pairs of the same bytes are told of the first with each other one.
  const firstOf = new Map<number, number>()
  for (let pair = 0; pair < left.length; pair++) if (grade[pair] === 0) firstOf.set(right[pair]!, left[pair]!)
  const contentStays = new Set<number>()
  for (const [copy, first] of firstOf) if (!goes.has(copy) || !goes.has(first)) contentStays.add(first)
  return going.filter((row) => !contentStays.has(firstOf.get(row) ?? row))
}

/** Folders that pictures lie in, with those above them, the fullest first; not the opened folder itself. */
export function foldersOf(relativePaths: Iterable<string>, most: number): readonly { readonly folder: string; readonly pictures: number }[] {
  const counts = new Map<string, number>()
  for (const path of relativePaths)
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash)
      counts.set(folder, (counts.get(folder) ?? 0) + 1)
    }
  return Array.from(counts, ([folder, pictures]) => ({ folder, pictures }))
    .sort((a, b) => b.pictures - a.pictures || (a.folder < b.folder ? -1 : 1))
    .slice(0, most)
}
