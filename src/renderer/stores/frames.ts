/** @file A sequence of frames: what is marked on the first one is carried through the others. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { Analysis, FirstFrame, JobHandle, PropagateEvent, PropagateExportRequest, PropagateExportResult, PropagateResult } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { createLibraryWork } from './library-work'
import { useModelsStore } from './models'
import { useSelectionStore } from './selection'

/** Labels of one frame by patch; 0 is background. */
export interface FrameLabels {
  readonly gridHeight: number
  readonly gridWidth: number
  readonly labels: Uint8Array
}

/** Classes that can be painted: background is 0. */
export const paintClasses = [1, 2, 3, 4, 5, 6, 7, 8] as const
export const frameSizes = [224, 320, 480] as const
const kept = 50

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** Sets labels within `radius` patches of one; the same array comes back where nothing changes. */
export function painted(labels: Uint8Array, gridWidth: number, patch: number, radius: number, label: number): Uint8Array {
  const [column, row] = [patch % gridWidth, Math.floor(patch / gridWidth)]
  const next = labels.slice()
  let changed = false
  for (let index = 0; index < next.length; index++) {
    const [dx, dy] = [(index % gridWidth) - column, Math.floor(index / gridWidth) - row]
    if (dx * dx + dy * dy > radius * radius || next[index] === label) continue
    next[index] = label
    changed = true
  }
  return changed ? next : labels
}

export const useFramesStore = defineStore('frames', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const selection = useSelectionStore()
  const jobs = useJobsStore()
  const work = createLibraryWork<PropagateResult>('Carrying labels through frames')
  const exporting = createLibraryWork<PropagateExportResult>('Writing frames')
  const size = shallowRef<(typeof frameSizes)[number]>(480)
  const first = shallowRef<Analysis>()
  const problem = shallowRef<Problem>()
  const labels = shallowRef<Uint8Array>(new Uint8Array())
  const past = shallowRef<readonly Uint8Array[]>([])
  const found = shallowRef<readonly (FrameLabels | undefined)[]>([])
  let looking: JobHandle<Analysis> | undefined

  /** Frames in their order: the pictures that are selected, or all, by name. */
  const rows = computed(() => {
    void [selection.version, library.version]
    const chosen = selection.count > 1 ? selection.rows() : Uint32Array.from({ length: library.imageCount }, (_, row) => row)
    const named = Array.from(chosen, (row) => ({ row, entry: library.entryOfRow(row) })).filter(({ entry }) => entry !== undefined && library.problemOfImage(entry.id) === undefined)
    return named.sort((a, b) => byName.compare(a.entry!.relativePath, b.entry!.relativePath)).map(({ row }) => row)
  })
  const firstId = computed(() => library.entryOfRow(rows.value[0] ?? -1)?.id)
  const isMarked = computed(() => labels.value.some((label) => label !== 0))

  /** Looks at the first frame, so that one can mark on its patches. */
  const look = async (): Promise<void> => {
    const [imageId, modelId] = [firstId.value, models.active?.id]
    await looking?.cancel()
    first.value = undefined
    problem.value = undefined
    labels.value = new Uint8Array()
    past.value = []
    found.value = []
    work.reset()
    if (imageId === undefined || modelId === undefined) return
    const line = jobs.begin('Looking at the first frame')
    const job = useClient()['view.analyse']({ imageId, modelId, size: size.value })
    looking = job
    line.attach(job)
    try {
      const analysis = await job.result
      if (looking !== job) return
      first.value = analysis
      labels.value = new Uint8Array(analysis.gridHeight * analysis.gridWidth)
    } catch (error) {
      if (looking === job && !isCancelled(error)) problem.value = problemOf(error)
    }
  }

  const keep = (): void => {
    past.value = [...past.value, labels.value].slice(-kept)
  }
  const paint = (patch: number, radius: number, label: number): void => {
    if (first.value !== undefined) labels.value = painted(labels.value, first.value.gridWidth, patch, radius, label)
  }
  const undo = (): void => {
    const before = past.value.at(-1)
    if (before === undefined) return
    labels.value = before
    past.value = past.value.slice(0, -1)
  }
  const clear = (): void => {
    keep()
    labels.value = new Uint8Array(labels.value.length)
  }
  /** Marks the object that stands out in the first frame. */
  const findObject = async (): Promise<void> => {
    if (first.value === undefined) return
    try {
      const { mask } = await useClient()['view.object']({ analysisId: first.value.analysisId, method: 'tokencut' }).result
      keep()
      labels.value = Uint8Array.from(labels.value, (label, patch) => (mask[patch] === 1 ? 1 : label))
    } catch (error) {
      if (!isCancelled(error)) problem.value = problemOf(error)
    }
  }

  const takeFrame = (event: Extract<PropagateEvent, { kind: 'frame' }>): void => {
    const next = found.value.slice()
    next[event.index] = event
    found.value = next
  }
  const run = async (wanted?: FirstFrame): Promise<void> => {
    const analysis = first.value
    if (analysis === undefined) return
    const { gridHeight, gridWidth } = analysis
    found.value = []
    problem.value = undefined
    const from: FirstFrame = wanted ?? { kind: 'patches', gridHeight, gridWidth, labels: labels.value }
    await work.run(({ libraryId, modelId }, onProgress) =>
      useClient()['propagate.run']({ libraryId, rows: Uint32Array.from(rows.value), modelId, size: size.value, first: from }, (event) => {
        if (event.kind === 'progress') onProgress(event)
        else if (event.kind === 'frame') takeFrame(event)
      }),
    )
  }
  const runFromFile = async (file: File): Promise<void> => {
    try {
      const { uploadId } = await useClient()['search.upload']({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })
      await run({ kind: 'upload', uploadId })
    } catch (error) {
      problem.value = problemOf(error)
    }
  }
  const write = async (what: PropagateExportRequest['what']): Promise<void> => {
    const result = work.result.value
    if (result !== undefined) await exporting.run((_space, onProgress) => useClient()['propagate.export']({ propagationId: result.propagationId, what }, onProgress))
  }
  /** Labels of one frame: as found, or as marked on the first. */
  const labelsOf = (index: number): FrameLabels | undefined => {
    const known = found.value[index]
    if (known !== undefined || index > 0 || first.value === undefined) return known
    return { gridHeight: first.value.gridHeight, gridWidth: first.value.gridWidth, labels: labels.value }
  }

  watch(() => [firstId.value, models.active?.id, size.value].join(), () => void look())
  watch(rows, () => {
    found.value = []
    work.reset()
    exporting.reset()
  })

  return {
    size, rows, first, problem, labels, found, isMarked,
    canUndo: computed(() => past.value.length > 0),
    state: work.state, result: work.result, exportState: exporting.state, exported: exporting.result,
    look, keep, paint, undo, clear, findObject, run, runFromFile, stop: work.stop, write, labelsOf,
  }
})
