/** @file A few named examples of the open folder, and what follows from them for the rest: always up to date with what was named last. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { messageOf, type LabelChange, type LabelExportRequest, type LabelExportResult, type LabelSetInfo, type PictureLabels, type Prediction, type ProbeMethod, type ProbeSubject } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLatest } from '../services/latest'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useLibraryStore } from './library'
import { createLibraryWork, useLibrarySpace } from './library-work'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'

interface PredictArgument {
  readonly libraryId: string
  readonly labelSetId: string
  readonly subject: ProbeSubject
  readonly method: ProbeMethod
}

/** Pictures that are shown beside each other, by what is asked of them. */
export const labelOrders = ['unsure', 'class', 'row'] as const
export type LabelOrder = (typeof labelOrders)[number]

/** Rows by confidence, least first, by class, or as they are; what has no prediction comes last. */
export function orderRows({ labels, confidence }: Pick<Prediction, 'labels' | 'confidence'>, order: LabelOrder): Uint32Array {
  const rows = Uint32Array.from(labels, (_, row) => row)
  const none = (row: number): number => (labels[row]! < 0 ? 1 : 0)
  if (order === 'unsure') rows.sort((a, b) => none(a) - none(b) || confidence[a]! - confidence[b]! || a - b)
  if (order === 'class') rows.sort((a, b) => none(a) - none(b) || labels[a]! - labels[b]! || confidence[b]! - confidence[a]! || a - b)
  return rows
}

export const useLabelsStore = defineStore('labels', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const notices = useNoticesStore()
  const space = useLibrarySpace()
  const exporting = createLibraryWork<LabelExportResult>('Writing labels')
  const sets = shallowRef<readonly LabelSetInfo[]>([])
  const openId = shallowRef<string>()
  const subject = shallowRef<ProbeSubject>('pictures')
  const method = shallowRef<ProbeMethod>('linear')
  const order = shallowRef<LabelOrder>('unsure')
  /** The class that is given. */
  const label = shallowRef(0)
  const prediction = shallowRef<Prediction>()
  /** As they were last put in order: a name given moves no tile from under the hand. */
  const rows = shallowRef<Uint32Array>()
  /** Whether the order would be another by what is predicted now. */
  const isOrderOld = shallowRef(false)
  const problem = shallowRef<Problem>()
  const pictures = shallowRef<ReadonlyMap<number, PictureLabels>>(new Map())
  const asked = new Set<number>()
  /** Rises with each prediction: what was asked before is old. */
  const version = shallowRef(0)

  const ofThisModel = computed(() => sets.value.filter(({ modelId }) => modelId === models.active?.id))
  const open = computed(() => ofThisModel.value.find(({ labelSetId }) => labelSetId === openId.value))
  const argument = computed<PredictArgument | undefined>(() =>
    space.value === undefined || open.value === undefined
      ? undefined
      : { libraryId: space.value.libraryId, labelSetId: open.value.labelSetId, subject: subject.value, method: method.value },
  )
  const examples = computed(() => open.value?.classes.reduce((sum, one) => sum + (subject.value === 'pictures' ? one.pictures : one.patches), 0) ?? 0)

  const latest = createLatest<PredictArgument, Prediction>({
    run: (wanted) => useClient()['labels.predict'](wanted).result,
    onResult: (found, { labelSetId }) => {
      if (labelSetId !== open.value?.labelSetId) return
      prediction.value = found
      problem.value = undefined
      const shown = rows.value
      if (shown?.length === found.labels.length) isOrderOld.value = orderRows(found, order.value).some((row, place) => row !== shown[place])
      else sort()
      askAnew()
    },
    onError: (error) => {
      if (!isCancelled(error)) problem.value = problemOf(error)
    },
  })
  /** Puts the pictures in the order that is wanted, by what is predicted now. */
  const sort = (): void => {
    rows.value = prediction.value === undefined ? undefined : orderRows(prediction.value, order.value)
    isOrderOld.value = false
  }
  /** What is shown stays until the new answer comes, so that a tile is not another thing under the brush. */
  const askAnew = (): void => {
    asked.clear()
    version.value++
  }
  const forgetPictures = (): void => {
    pictures.value = new Map()
    askAnew()
  }
  const predict = (): void => {
    if (argument.value !== undefined && examples.value > 0) latest.request(argument.value)
    else {
      prediction.value = undefined
      problem.value = undefined
      forgetPictures()
    }
  }
  /** Asks for the patches of a picture, once for each prediction. */
  const want = async (row: number): Promise<void> => {
    const wanted = argument.value
    if (wanted === undefined || asked.has(row)) return
    asked.add(row)
    const asking = version.value
    try {
      const found = await useClient()['labels.picture']({ ...wanted, row })
      if (asking === version.value) pictures.value = new Map(pictures.value).set(row, found)
    } catch (error) {
      if (asking === version.value) problem.value = problemOf(error)
    }
  }

  const put = (info: LabelSetInfo): void => {
    const known = sets.value.some(({ labelSetId }) => labelSetId === info.labelSetId)
    sets.value = known ? sets.value.map((one) => (one.labelSetId === info.labelSetId ? info : one)) : [info, ...sets.value]
  }
  const refresh = async (): Promise<void> => {
    const libraryId = library.library?.libraryId
    if (libraryId === undefined) return
    const found = await useClient()['labels.list']({ libraryId }).catch(() => [])
    if (libraryId !== library.library?.libraryId) return
    sets.value = found
    if (open.value === undefined) openId.value = ofThisModel.value[0]?.labelSetId
    predict()
  }
  const tell = (what: string, error: unknown): void => {
    notices.show('problem', `${what}: ${messageOf(error)}`)
  }
  const create = async (name: string): Promise<void> => {
    const [libraryId, modelId] = [library.library?.libraryId, models.active?.id]
    if (libraryId === undefined || modelId === undefined) return
    try {
      const info = await useClient()['labels.create']({ libraryId, modelId, name })
      put(info)
      openId.value = info.labelSetId
      label.value = 0
    } catch (error) {
      tell('The labels could not be made', error)
    }
  }
  const change = async (by: LabelChange): Promise<void> => {
    const [libraryId, labelSetId] = [library.library?.libraryId, open.value?.labelSetId]
    if (libraryId === undefined || labelSetId === undefined) return
    try {
      put(await useClient()['labels.change']({ libraryId, labelSetId, change: by }))
      predict()
    } catch (error) {
      tell('The labels could not be changed', error)
    }
  }
  const remove = async (labelSetId: string): Promise<void> => {
    try {
      await useClient()['labels.remove']({ labelSetId })
      sets.value = sets.value.filter((one) => one.labelSetId !== labelSetId)
      openId.value = ofThisModel.value[0]?.labelSetId
    } catch (error) {
      tell('The labels could not be removed', error)
    }
  }
  const addClass = (name: string): Promise<void> => change({ kind: 'addClass', name, colour: undefined })
  /** Gives the chosen class to pictures, or to patches of one. */
  const name = async (rows: Iterable<number>, patches?: Uint32Array): Promise<void> => {
    if (open.value?.classes.some(({ id }) => id === label.value) === true) await change({ kind: 'name', rows: Uint32Array.from(rows), patches, label: label.value })
    else notices.show('info', 'No class is chosen. Type the name of one under Classes, then click what belongs to it.')
  }
  const undo = (): void => {
    if (open.value?.canUndo === true) void change({ kind: 'undo' })
  }
  const write = async (what: LabelExportRequest['what']): Promise<void> => {
    const wanted = argument.value
    if (wanted === undefined) return
    await exporting.run((_space, onProgress) =>
      useClient()['labels.export']({ ...wanted, what, raw: false }, (event) => {
        if (event.kind === 'progress') onProgress(event)
      }),
    )
  }

  watch(order, sort)
  watch(prediction, (found) => {
    if (found === undefined) sort()
  })
  watch([openId, subject, method], () => {
    prediction.value = undefined
    exporting.reset()
    forgetPictures()
    predict()
  })
  watch(
    () => [library.library?.libraryId, models.active?.id].join(),
    () => {
      sets.value = []
      openId.value = undefined
      prediction.value = undefined
      problem.value = undefined
      forgetPictures()
      void refresh()
    },
  )

  return {
    sets: ofThisModel, openId, open, subject, method, order, label, prediction, rows, isOrderOld, problem, pictures, version, examples,
    exportState: exporting.state, exported: exporting.result,
    refresh, create, change, remove, addClass, name, undo, want, write, predict, sort,
  }
})
