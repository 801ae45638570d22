/** @file What there is to know of a segment and of single pictures: typical patches, and what each segment takes of a picture. */
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { EngineError, messageOf, type Segmentation, type SegmentMeasure, type TypicalPatch } from '../../engine/contract'
import { useClient } from '../services/client'

const typicalPatches = 8
/** Pictures that are measured at once; more are for the table. */
export const mostMeasured = 4

/** Measures of one picture; why there are none. */
export type PictureMeasures = { readonly row: number; readonly measures: readonly SegmentMeasure[] | undefined; readonly problem: string | undefined }

interface FactsOf {
  readonly libraryId: ComputedRef<string | undefined>
  readonly segmentation: ComputedRef<Segmentation | undefined>
  /** Segment that is looked at. */
  readonly openId: () => number | undefined
  /** The first of the pictures that are chosen, as many as told at the most. */
  readonly selected: (most: number) => readonly number[]
}

export function createSegmentFacts({ libraryId, segmentation, openId, selected }: FactsOf) {
  const typical = shallowRef<readonly TypicalPatch[]>([])
  /** Picture that was clicked last. */
  const lookedAt = shallowRef<number>()
  const known = shallowRef<ReadonlyMap<number, PictureMeasures>>(new Map())
  const asked = new Set<number>()
  /** The picture that is looked at, then those that are chosen. */
  const rows = computed(() => [...new Set([...(lookedAt.value === undefined ? [] : [lookedAt.value]), ...selected(mostMeasured)])].slice(0, mostMeasured))
  const measured = computed(() => rows.value.map((row) => known.value.get(row) ?? { row, measures: undefined, problem: undefined }))

  const askTypical = async (): Promise<void> => {
    const [segment, shown, folder] = [openId(), segmentation.value, libraryId.value]
    if (segment === undefined || shown === undefined || folder === undefined) return
    const found = await useClient()['segments.typical']({ libraryId: folder, segmentationId: shown.info.segmentationId, segment, top: typicalPatches }).catch(() => [])
    if (segment === openId() && shown === segmentation.value) typical.value = found
  }
  const measure = async (row: number): Promise<void> => {
    const [shown, folder] = [segmentation.value, libraryId.value]
    if (shown === undefined || folder === undefined || asked.has(row)) return
    asked.add(row)
    const answer = await useClient()['segments.measures']({ libraryId: folder, segmentationId: shown.info.segmentationId, row }).then(
      (measures) => ({ row, measures, problem: undefined }),
      (error: unknown) => ({ row, measures: undefined, problem: error instanceof EngineError && error.code === 'NOT_FOUND' ? 'It was not among the pictures that were segmented.' : messageOf(error) }),
    )
    if (shown === segmentation.value) known.value = new Map(known.value).set(row, answer)
  }
  // What was known stays in sight until the answer for the changed segments is there.
  watch([openId, segmentation], ([segment], [before]) => {
    if (segment !== before) typical.value = []
    void askTypical()
  })
  watch([rows, segmentation], ([, now], [, before]) => {
    if (now !== before) asked.clear()
    if (now?.info.segmentationId !== before?.info.segmentationId) {
      known.value = new Map()
      lookedAt.value = undefined
    }
    for (const row of rows.value) void measure(row)
  })
  watch(libraryId, () => {
    lookedAt.value = undefined
  })

  return { typical, lookedAt, measured }
}
