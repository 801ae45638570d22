/** @file Duplicates of the open folder: pairs from the engine, groups by the threshold, and which ones of each are kept. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { DuplicatePairs } from '../../engine/contract'
import { groupDuplicates, rowToKeep, type DuplicateGroup } from '../../engine/display'
import { useClient } from '../services/client'
import { createLibraryWork } from './library-work'
import { useLibraryStore } from './library'

/** Each names what it adds to the ones before. */
export const duplicateGrades = [0, 1, 2] as const
export type ShownGrade = (typeof duplicateGrades)[number]

/** Pairs less similar than this are not asked for: beyond it the slider has nothing to show. */
const floor = 0.8
const firstThreshold = 0.95

export const useDuplicatesStore = defineStore('duplicates', () => {
  const library = useLibraryStore()
  const work = createLibraryWork<DuplicatePairs>('Looking for duplicates')
  const grade = shallowRef<ShownGrade>(1)
  const threshold = shallowRef(firstThreshold)
  /** Kept instead of what the rule proposes, by the first row of the group. */
  const chosen = shallowRef<ReadonlyMap<number, number>>(new Map())
  /** Groups that are no duplicates after all. */
  const dismissed = shallowRef<ReadonlySet<number>>(new Set())
  const preferredFolder = shallowRef<string>()

  const find = async (): Promise<void> => {
    chosen.value = new Map()
    dismissed.value = new Set()
    await work.run((where, onProgress) => useClient()['structure.duplicates']({ ...where, rows: undefined, floor }, onProgress))
  }

  const groupsOf = (upTo: ShownGrade): readonly DuplicateGroup[] => {
    const pairs = work.result.value
    // Pairs of the same bytes hold the looser groups together too.
    return pairs === undefined ? [] : groupDuplicates(pairs, duplicateGrades.slice(0, upTo + 1), threshold.value).filter((group) => group.grade === upTo)
  }
  const counts = computed(() => duplicateGrades.map((upTo) => groupsOf(upTo).length))
  const groups = computed(() => groupsOf(grade.value).filter(({ rows }) => !dismissed.value.has(rows[0]!)))

  const factsOf = (row: number) => {
    const entry = library.entryOfRow(row)
    const size = entry && library.sizeOf(entry.id)
    return { pixels: size === undefined ? 0 : size.width * size.height, sizeBytes: entry?.sizeBytes ?? 0, relativePath: entry?.relativePath ?? '' }
  }
  const keptOf = ({ rows }: DuplicateGroup): number => {
    const wanted = chosen.value.get(rows[0]!)
    return wanted !== undefined && rows.includes(wanted) ? wanted : rowToKeep(rows, factsOf, preferredFolder.value)
  }
  const keep = ({ rows }: DuplicateGroup, row: number): void => {
    chosen.value = new Map(chosen.value).set(rows[0]!, row)
  }
  const dismiss = ({ rows }: DuplicateGroup): void => {
    dismissed.value = new Set(dismissed.value).add(rows[0]!)
  }
  /** All that would go of the groups shown: never the last copy of anything. */
  const superfluous = computed(() => Uint32Array.from(groups.value.flatMap((group) => Array.from(group.rows).filter((row) => row !== keptOf(group)))).sort())

  return { state: work.state, pairs: work.result, grade, threshold, preferredFolder, counts, groups, superfluous, find, stop: work.stop, factsOf, keptOf, keep, dismiss }
})
