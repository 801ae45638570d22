/** @file Duplicates of the open folder: pairs from the engine, groups by the threshold, and which ones of each are kept. Nothing here touches a file. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { DuplicatePairs } from '../../engine/contract'
import { groupDuplicates, type DuplicateGroup, type KeepFacts } from '../../engine/display'
import { useClient } from '../services/client'
import { comparableGroups, foldersOf, groupKey, judged, noDecisions, pinned, rowsToGo, rowThatStays, savableRows, type Verdict } from './duplicates-choice'
import { useLibraryStore } from './library'
import { createLibraryWork, mapResult } from './library-work'

/** Each names what it adds to the ones before. */
export const duplicateGrades = [0, 1, 2] as const
export type ShownGrade = (typeof duplicateGrades)[number]

/** Pairs less similar than this are not asked for: beyond it the slider has nothing to show. */
export const similarityFloor = 0.8
const firstThreshold = 0.95
const shownFolders = 40

type Scope = 'all' | 'reviewed'
/** Similar scenes are other pictures: none of them goes unseen. */
const firstScopes: Readonly<Record<ShownGrade, Scope>> = { 0: 'all', 1: 'all', 2: 'reviewed' }

/** How often a picture's file had changed when it was compared, where it had. */
type Revisions = ReadonlyMap<number, number>

export const useDuplicatesStore = defineStore('duplicates', () => {
  const library = useLibraryStore()
  const work = createLibraryWork<{ readonly pairs: DuplicatePairs; readonly revisions: Revisions }>('Looking for duplicates')
  const grade = shallowRef<ShownGrade>(1)
  const threshold = shallowRef(firstThreshold)
  /** Whose rest goes: that of every group, or only of those that a person has looked at. */
  const scopes = shallowRef(firstScopes)
  const scope = computed({
    get: () => scopes.value[grade.value],
    set: (next) => {
      scopes.value = { ...scopes.value, [grade.value]: next }
    },
  })
  const decisions = shallowRef(noDecisions)
  /** Place of the group that is looked at large. */
  const reviewing = shallowRef<number>()
  const pairs = computed(() => work.result.value?.pairs)

  const revisionOf = (row: number): number => library.revisionOf(library.entryOfRow(row)?.id ?? '')
  const revisions = (): Revisions => {
    const changed = new Map<number, number>()
    for (let row = 0; row < library.imageCount; row++) if (revisionOf(row) > 0) changed.set(row, revisionOf(row))
    return changed
  }
  /** Whether what was found out of a picture still holds: its file is there, and is the one that was compared. */
  const isComparable = (row: number): boolean => {
    const entry = library.entryOfRow(row)
    return entry !== undefined && !library.isGone(entry.id) && revisionOf(row) === (work.result.value?.revisions.get(row) ?? 0)
  }

  /** What was decided before stays decided: rows are the same while the folder is open. */
  const find = async (): Promise<void> => {
    reviewing.value = undefined
    const before = revisions()
    await work.run((where, onProgress) =>
      mapResult(useClient()['structure.duplicates']({ ...where, rows: undefined, floor: similarityFloor }, onProgress), (found) => ({ pairs: found, revisions: before })),
    )
  }

  // Pairs of the same bytes hold the looser groups together too, so grades add up. The stricter two do not depend on the slider.
  const grouped = (upTo: ShownGrade, least: number): readonly DuplicateGroup[] =>
    pairs.value === undefined ? [] : groupDuplicates(pairs.value, duplicateGrades.slice(0, upTo + 1), least).filter((group) => group.grade === upTo)
  const found = [computed(() => grouped(0, 1)), computed(() => grouped(1, 1)), computed(() => grouped(2, threshold.value))] as const
  const present = duplicateGrades.map((upTo) => computed(() => (void library.version, comparableGroups(found[upTo].value, isComparable))))

  const groups = computed(() => present[grade.value]!.value)
  const verdictOf = (group: DuplicateGroup): Verdict | undefined => decisions.value.verdicts.get(groupKey(group))
  /** Groups of each grade, without those that are no duplicates after all. */
  const counts = computed(() => present.map(({ value }) => value.filter((group) => verdictOf(group) !== 'distinct').length))
  const reviewed = computed(() => groups.value.filter((group) => verdictOf(group) !== undefined).length)

  const factsOf = (row: number): KeepFacts => {
    const entry = library.entryOfRow(row)
    const size = entry && library.sizeOf(entry.id)
    return { pixels: size === undefined ? 0 : size.width * size.height, sizeBytes: entry?.sizeBytes ?? 0, relativePath: entry?.relativePath ?? '' }
  }
  const keptOf = (group: DuplicateGroup): number => rowThatStays(decisions.value, group, factsOf)
  const keep = (group: DuplicateGroup, row: number): void => {
    if (group.rows.includes(row)) decisions.value = pinned(decisions.value, group, row)
  }
  const judge = (group: DuplicateGroup, verdict: Verdict | undefined): void => {
    decisions.value = judged(decisions.value, group, verdict)
  }

  /** All that would go of the groups shown: never the last copy of anything. */
  const superfluous = computed(() => (void library.version, rowsToGo(decisions.value, groups.value, scope.value, factsOf)))
  /** What of it a saved selection can hold. */
  const savable = computed(() => (pairs.value === undefined ? new Uint32Array() : savableRows(superfluous.value, pairs.value)))
  /** The folder without what would go, rising. */
  const rest = (): Uint32Array => {
    const goes = new Set(superfluous.value)
    return Uint32Array.from({ length: library.imageCount }, (_, row) => row).filter((row) => !goes.has(row) && !library.isGone(library.entryOfRow(row)?.id ?? ''))
  }

  const folders = computed(() => {
    const paths: string[] = []
    for (const { rows } of groups.value) for (const row of rows) paths.push(library.entryOfRow(row)?.relativePath ?? '')
    return foldersOf(paths, shownFolders)
  })
  const preferredFolder = computed({
    get: () => decisions.value.preferredFolder,
    set: (folder) => {
      decisions.value = { ...decisions.value, preferredFolder: folder }
    },
  })

  watch(grade, () => {
    reviewing.value = undefined
  })
  watch(groups, ({ length }) => {
    if (reviewing.value !== undefined) reviewing.value = length === 0 ? undefined : Math.min(reviewing.value, length - 1)
  })
  watch(
    () => library.library?.libraryId,
    () => {
      decisions.value = noDecisions
      scopes.value = firstScopes
      reviewing.value = undefined
    },
  )

  return {
    state: work.state, pairs, grade, threshold, scope, preferredFolder, folders, reviewing,
    counts, groups, reviewed, superfluous, savable, find, stop: work.stop, rest, factsOf, keptOf, verdictOf, keep, judge,
  }
})
