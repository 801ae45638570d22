/** @file Segments of the first frame, of which some are to be followed: which segmentation, which of them, and where they lie. */
import { computed, shallowRef, type ComputedRef } from 'vue'
import type { FirstFrame, FirstSegments, FirstSegmentsRequest, FrameClass, SegmentationInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import type { FrameLabels } from './frame-labels'

/** Labels take 8 bits; 0 is background and 255 is none. */
export const mostFollowed = 254

/** Where the segments that are followed lie, numbered from 1 in the order of their list; the others are background. */
export function followedLabels({ gridHeight, gridWidth, labels, segments }: FirstSegments, followed: ReadonlySet<number>): FrameLabels {
  const labelOf = new Map(segments.filter(({ id }) => followed.has(id)).map(({ id }, index) => [id, index + 1]))
  return { gridHeight, gridWidth, labels: Uint8Array.from(labels, (segment) => labelOf.get(segment) ?? 0) }
}

/** What each label of {@link followedLabels} means. */
export function followedClasses({ segments }: FirstSegments, followed: ReadonlySet<number>): readonly FrameClass[] {
  return segments.filter(({ id }) => followed.has(id)).map(({ name, colour }, index) => ({ label: index + 1, name, colour }))
}

/** @param where the first frame and how it will be looked at; undefined where there is none */
export function createFirstSegments(where: ComputedRef<Omit<FirstSegmentsRequest, 'segmentationId'> | undefined>) {
  const stored = shallowRef<readonly SegmentationInfo[]>()
  const chosenId = shallowRef<string>()
  const found = shallowRef<FirstSegments>()
  const followed = shallowRef<ReadonlySet<number>>(new Set())
  const problem = shallowRef<Problem>()
  let asked = 0

  const count = computed(() => followed.value.size)
  const labels = computed(() => (found.value === undefined ? undefined : followedLabels(found.value, followed.value)))
  const classes = computed(() => (found.value === undefined ? [] : followedClasses(found.value, followed.value)))
  const first = computed<FirstFrame | undefined>(() =>
    chosenId.value === undefined || found.value === undefined || count.value === 0 || count.value > mostFollowed ? undefined : { kind: 'segments', segmentationId: chosenId.value, segments: [...followed.value] },
  )

  /** Looks for the segments in the first frame; those that were left out stay left out. */
  const show = async (): Promise<void> => {
    const turn = ++asked
    const [segmentationId, at, before] = [chosenId.value, where.value, found.value]
    problem.value = undefined
    if (segmentationId === undefined || at === undefined) {
      found.value = undefined
      return
    }
    try {
      const next = await useClient()['propagate.segments']({ ...at, segmentationId })
      if (turn !== asked) return
      const leftOut = new Set(before?.segments.map(({ id }) => id).filter((id) => !followed.value.has(id)))
      found.value = next
      followed.value = new Set(next.segments.map(({ id }) => id).filter((id) => !leftOut.has(id)))
    } catch (error) {
      if (turn !== asked || isCancelled(error)) return
      found.value = undefined
      problem.value = problemOf(error)
    }
  }
  const choose = (segmentationId: string | undefined): Promise<void> => {
    if (segmentationId !== chosenId.value) found.value = undefined
    chosenId.value = segmentationId
    return show()
  }
  /** Asks which segmentations this folder has, and shows the one that was shown, or the newest. */
  const refresh = async (): Promise<void> => {
    const libraryId = where.value?.libraryId
    if (libraryId === undefined) return
    try {
      const known = await useClient()['segments.list']({ libraryId })
      if (libraryId !== where.value?.libraryId) return
      stored.value = known
      await choose((known.find(({ segmentationId }) => segmentationId === chosenId.value) ?? known[0])?.segmentationId)
    } catch (error) {
      if (!isCancelled(error)) problem.value = problemOf(error)
    }
  }
  const toggle = (segment: number): void => {
    const next = new Set(followed.value)
    if (!next.delete(segment)) next.add(segment)
    followed.value = next
  }
  const followAll = (all: boolean): void => {
    followed.value = new Set(all ? found.value?.segments.map(({ id }) => id) : [])
  }
  const forget = (): void => {
    asked++
    stored.value = undefined
    chosenId.value = undefined
    found.value = undefined
    followed.value = new Set()
    problem.value = undefined
  }

  return { stored, chosenId, found, followed, problem, labels, classes, first, show, choose, refresh, toggle, followAll, forget }
}
