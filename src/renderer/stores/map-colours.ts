/** @file What the points of the map are coloured by. A new source is one more entry of `sources`. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { ClusteringInfo, Progress } from '../../engine/contract'
import { categoryColouring, numberColouring, type Colouring } from '../point-cloud'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import type { ColourSource } from './colour-source'
import { depthHeads } from './fitting-heads'
import { useHeadsStore } from './heads'
import { folderOf } from './image-table'
import { useLibraryStore } from './library'
import { useMapStore } from './map'
import { useModelsStore } from './models'
import { usePatchChoiceStore } from './patch-choice'
import { usePatchColoursStore } from './patch-colours'
import { useSetsStore } from './sets'
import { useSettingsStore } from './settings'

const plainColouring: Colouring = { kind: 'plain' }
const outlierNeighbours = 10
const headless = 'Depth is told by a head that belongs to the model. There is none for this model yet.'
const unmeasured = 'No picture has been measured by this head yet. Open one in the inspector, choose Depth, then Measure.'

export const useMapColoursStore = defineStore('map-colours', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const sets = useSetsStore()
  const map = useMapStore()
  const cloud = usePatchChoiceStore()
  const patchColours = usePatchColoursStore()
  const heads = useHeadsStore()
  const clusterings = shallowRef<readonly ClusteringInfo[]>([])
  /** What was chosen for pictures and for patches. */
  const chosenIds = shallowRef({ images: 'folder', patches: 'place' })
  const sourceId = computed(() => chosenIds.value[cloud.isCloud ? 'patches' : 'images'])
  const colouring = shallowRef<Colouring>(plainColouring)
  const hidden = shallowRef<ReadonlySet<number>>(new Set())
  const problem = shallowRef<Problem>()
  const waiting = shallowRef(false)
  const progress = shallowRef<Progress>()
  let asked = 0
  let running: AbortController | undefined
  /** What was last shown of pictures and of patches, to go back to. */
  let shownIds = chosenIds.value

  const rows = (): number[] => Array.from({ length: library.imageCount }, (_, row) => row)
  const libraryId = (): string => library.library?.libraryId ?? ''

  const membership = (setId: string, name: string) => async (): Promise<Colouring> => {
    const found = await useClient()['sets.rows']({ libraryId: libraryId(), setId })
    const inside = new Set(found.rows)
    return categoryColouring(rows().map((row) => (inside.has(row) ? name : undefined)))
  }
  const scores = (): Colouring => {
    const values = new Float32Array(library.imageCount).fill(NaN)
    library.ranking?.rows.forEach((row, place) => {
      values[row] = library.ranking?.scores[place] ?? NaN
    })
    return numberColouring(values)
  }
  const clusters = (clusteringId: string) => async (): Promise<Colouring> => {
    const { labels, clusters: named } = await useClient()['structure.clustering']({ libraryId: libraryId(), clusteringId })
    const names: string[] = []
    for (const { id, name } of named) names[id] = name
    return { kind: 'category', labels, names: Array.from(names, (name) => name ?? '') }
  }
  const uniqueness = async (): Promise<Colouring> => {
    const modelId = models.active?.id ?? ''
    const request = { libraryId: libraryId(), modelId, pooling: settings.values.searchPooling, rows: undefined, neighbours: outlierNeighbours }
    return numberColouring((await useClient()['structure.outliers'](request).result).uniqueness)
  }
  const depth = (headId: string) => async (): Promise<Colouring> => {
    const { median } = await useClient()['depth.numbers']({ libraryId: libraryId(), modelId: models.active?.id ?? '', headId })
    return numberColouring(median)
  }
  const numbers = (value: (row: number) => number) => (): Colouring => numberColouring(Float32Array.from(rows(), value))

  const depths = computed(() => depthHeads(heads.heads, models.active))
  const sources = computed<readonly ColourSource[]>(() => [
    { id: 'none', label: 'Nothing', colour: () => plainColouring },
    ...(cloud.isCloud ? patchColours.sources : []),
    { id: 'folder', label: 'Folder', colour: () => categoryColouring(rows().map((row) => folderOf(library.entryOfRow(row)?.relativePath ?? '') || 'top')) },
    ...clusterings.value.map((info) => ({ id: `clusters:${info.clusteringId}`, label: info.name, hint: `${info.clusters} clusters`, colour: clusters(info.clusteringId) })),
    ...(library.ranking === undefined ? [] : [{ id: 'score', label: 'Similarity', hint: 'of the last search', colour: scores }]),
    ...depths.value.map(({ headId, name }) => ({ id: `depth:${headId}`, label: `${cloud.isCloud ? 'Median depth' : 'Depth'}, ${name}`, hint: 'of each picture, metres', unit: 'm' as const, nothing: unmeasured, colour: depth(headId) })),
    ...(depths.value.length > 0 ? [] : [{ id: 'depth', label: 'Depth', hint: 'needs a head', nothing: headless, remedy: { label: 'Get one on the Models page', path: '/models' }, colour: () => plainColouring }]),
    { id: 'uniqueness', label: 'Uniqueness', hint: 'how far from its nearest', colour: uniqueness },
    { id: 'size', label: 'File size', colour: numbers((row) => Math.log10(Math.max(1, library.entryOfRow(row)?.sizeBytes ?? NaN))) },
    { id: 'date', label: 'Date', colour: numbers((row) => (library.entryOfRow(row)?.modifiedMs ?? NaN) / 86_400_000) },
    ...sets.sets.map(({ setId, kind, name }) => ({ id: `set:${setId}`, label: name, hint: kind, colour: membership(setId, name) })),
  ])
  /** What was chosen, while it is there; without sub-folders there is nothing to tell folders by. */
  const source = computed(() => sources.value.find(({ id }) => id === sourceId.value && (id !== 'folder' || library.hasFolders)) ?? sources.value[0])

  const apply = async (): Promise<void> => {
    const mine = ++asked
    running?.abort()
    const controller = new AbortController()
    running = controller
    hidden.value = new Set()
    problem.value = undefined
    progress.value = undefined
    waiting.value = true
    const onProgress = (told: Progress): void => {
      if (mine === asked) progress.value = told
    }
    const subject = cloud.isCloud ? 'patches' : 'images'
    const chosen = chosenIds.value[subject]
    try {
      const found = await (source.value?.colour({ signal: controller.signal, onProgress }) ?? plainColouring)
      if (mine !== asked) return
      colouring.value = found
      if (found.kind !== 'plain') shownIds = { ...shownIds, [subject]: chosen }
    } catch (error) {
      if (mine !== asked) return
      if (isCancelled(error) && shownIds[subject] !== chosen) chosenIds.value = { ...chosenIds.value, [subject]: shownIds[subject] }
      else {
        colouring.value = plainColouring
        problem.value = problemOf(error)
      }
    } finally {
      if (mine === asked) waiting.value = false
    }
  }
  /** What is shown goes back to what was shown before. */
  const stop = (): void => running?.abort()

  const refresh = async (): Promise<void> => {
    const id = libraryId()
    if (id === '') return
    const client = useClient()
    const [foundClusterings] = await Promise.all([client['structure.clusterings']({ libraryId: id }).catch(() => []), heads.load(), patchColours.refresh()])
    if (id !== libraryId()) return
    clusterings.value = foundClusterings
    await apply()
  }

  const choose = (id: string): void => {
    chosenIds.value = { ...chosenIds.value, [cloud.isCloud ? 'patches' : 'images']: id }
  }
  /** Shows or hides the categories of one line of the legend. */
  const toggle = (categories: readonly number[]): void => {
    const next = new Set(hidden.value)
    const hide = categories.some((category) => !next.has(category))
    for (const category of categories) {
      if (hide) next.add(category)
      else next.delete(category)
    }
    hidden.value = next
  }
  /** Shows these categories alone; where they are alone already, all. */
  const isolate = (categories: readonly number[], all: readonly number[]): void => {
    const others = all.filter((category) => !categories.includes(category))
    const isAlone = others.length > 0 && others.every((category) => hidden.value.has(category)) && categories.every((category) => !hidden.value.has(category))
    hidden.value = new Set(isAlone ? [] : others)
  }

  watch(() => [source.value?.id, library.library?.libraryId, cloud.isCloud ? map.data?.info.mapId : undefined].join(), () => void apply())
  watch(
    () => library.ranking,
    () => {
      if (sourceId.value === 'score') void apply()
    },
  )

  return { sources, source, sourceId, colouring, hidden, problem, waiting, progress, refresh, choose, stop, toggle, isolate }
})
