/** @file Search: by pictures of the folder, by a dropped one, by several with negatives, by patches; its result as an order of the grid. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { PatchHit } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf } from '../services/problem'
import { imageUrl } from '../services/urls'
import { useEmbedStore } from './embed'
import { useEmbedStatusStore } from './embed-status'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import {
  canSearchBy,
  foundImages,
  foundPatches,
  markedExamples,
  reduceSearch,
  type FoundPictures,
  type SearchChange,
  type SearchQuery,
  type SearchState,
  type ShownExample,
} from './search-reducer'
import { useSettingsStore } from './settings'

/** More are not looked through; the rest of the folder is shown again when the search is left. */
const topImages = 1000
/** Each brings its field of similarities. */
const topPatches = 200
const thumbnailEdge = 128
/** The engine takes pictures up to 64 MiB; with room for the message around them. */
const maxUploadBytes = 63 * 2 ** 20

export const useSearchStore = defineStore('search', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const status = useEmbedStatusStore()
  const embed = useEmbedStore()
  const state = shallowRef<SearchState>({ phase: 'idle' })
  /** The examples as they are being changed; those of the shown result are in the state. */
  const examples = shallowRef<readonly ShownExample[]>([])
  const uploads = new Set<string>()

  const query = computed(() => (state.value.phase === 'idle' ? undefined : state.value.query))
  const isEdited = computed(() => query.value?.kind === 'images' && query.value.examples !== examples.value)
  const canSearch = computed(() => canSearchBy(examples.value))

  const dispatch = (change: SearchChange): void => {
    state.value = reduceSearch(state.value, change)
  }

  const ask = async (asked: SearchQuery, libraryId: string, modelId: string): Promise<FoundPictures> => {
    const client = useClient()
    if (asked.kind === 'patches') {
      const { analysisId, patches } = asked
      return foundPatches(await client['search.patches']({ libraryId, analysisId, patches, top: topPatches }))
    }
    const { searchPooling: pooling, searchMethod: method } = settings.values
    const plain = asked.examples.map((example) =>
      example.kind === 'row' ? ({ kind: 'row', row: example.row, sign: example.sign } as const) : ({ kind: 'upload', uploadId: example.uploadId, sign: example.sign } as const),
    )
    return foundImages(await client['search.images']({ libraryId, modelId, pooling, examples: plain, top: topImages, method }))
  }

  /** Shows what was found as the order of the grid. */
  const present = (): void => {
    if (state.value.phase === 'shown') library.ranking = state.value.found
  }

  /** Searches; says what is lacking where nothing has been embedded. */
  const search = async (asked: SearchQuery): Promise<void> => {
    const libraryId = library.library?.libraryId
    const modelId = models.active?.id
    if (libraryId === undefined || modelId === undefined) return
    if (asked.kind === 'images') examples.value = asked.examples
    dispatch({ kind: 'search', query: asked })
    await status.refresh()
    if (state.value.phase !== 'searching' || state.value.query !== asked) return
    if ((asked.kind === 'patches' ? status.counts.withPatches : status.counts.images) === 0) {
      dispatch({ kind: 'lack', query: asked })
      library.ranking = undefined
      void status.measure()
      return
    }
    try {
      dispatch({ kind: 'found', query: asked, found: await ask(asked, libraryId, modelId) })
    } catch (error) {
      dispatch({ kind: 'failed', query: asked, problem: problemOf(error) })
    }
    if (query.value !== asked) return
    library.ranking = undefined
    present()
  }

  const exampleOf = (row: number, sign: 1 | -1): ShownExample | undefined => {
    const entry = library.entryOfRow(row)
    return entry && { kind: 'row', row, sign, name: entry.name, pictureUrl: imageUrl(entry.id, thumbnailEdge, library.revisionOf(entry.id)) }
  }

  /** Finds pictures like these; with several they are looked for together. */
  const similarTo = (rows: Iterable<number>): Promise<void> => {
    const found = Array.from(rows, (row) => exampleOf(row, 1)).filter((example) => example !== undefined)
    return found.length === 0 ? Promise.resolve() : search({ kind: 'images', examples: found.slice(0, 100) })
  }

  const similarToFile = async (file: File): Promise<void> => {
    const pictureUrl = URL.createObjectURL(file)
    uploads.add(pictureUrl)
    const waiting: SearchQuery = { kind: 'images', examples: [{ kind: 'upload', uploadId: '', sign: 1, name: file.name || 'pasted picture', pictureUrl }] }
    dispatch({ kind: 'search', query: waiting })
    try {
      if (file.size > maxUploadBytes) throw new Error(`${file.name} is larger than 63 MB. Search by a smaller copy of it.`)
      const { uploadId } = await useClient()['search.upload']({ name: file.name || 'pasted picture', bytes: new Uint8Array(await file.arrayBuffer()) })
      if (query.value === waiting) await search({ kind: 'images', examples: waiting.examples.map((example) => ({ ...example, uploadId })) })
    } catch (error) {
      dispatch({ kind: 'failed', query: waiting, problem: problemOf(error) })
    }
  }

  /** Marks a picture as one to find more (1) or fewer (-1) of; the same mark again takes it away. */
  const mark = (row: number, sign: 1 | -1): void => {
    const example = exampleOf(row, sign)
    if (example !== undefined) examples.value = markedExamples(examples.value, example)
  }
  const unmark = (example: ShownExample): void => {
    examples.value = examples.value.filter((one) => one !== example)
  }
  const signOf = (row: number): 1 | -1 | undefined => examples.value.find((example) => example.kind === 'row' && example.row === row)?.sign
  /** Searches by the examples as they are now. */
  const again = (): Promise<void> => (canSearch.value ? search({ kind: 'images', examples: examples.value }) : Promise.resolve())
  const retry = (): Promise<void> => (query.value === undefined ? Promise.resolve() : search(query.value))

  /** Embeds the folder, then searches for what was asked. */
  const embedFirst = async (): Promise<void> => {
    const asked = query.value
    const { library: opened } = library
    const modelId = models.active?.id
    if (asked === undefined || opened === undefined || modelId === undefined) return
    const patches = asked.kind === 'patches' || models.keepsPatches
    const done = await embed.start({ libraryId: opened.libraryId, rows: undefined, modelId, patches }, { name: opened.name, path: opened.path })
    if (done && query.value === asked) await search(asked)
  }

  const hitOf = (row: number): PatchHit | undefined => (state.value.phase === 'shown' ? state.value.found.hits.get(row) : undefined)

  const leave = (): void => {
    library.ranking = undefined
    examples.value = []
    dispatch({ kind: 'leave' })
    for (const url of uploads) URL.revokeObjectURL(url)
    uploads.clear()
  }

  watch(() => library.library?.libraryId, leave)
  watch(
    () => [models.active?.id, settings.values.searchPooling, settings.values.searchMethod].join(),
    () => {
      if (query.value?.kind === 'images' && state.value.phase !== 'searching') void retry()
      // The patches were those of another model's grid.
      if (query.value?.kind === 'patches') leave()
    },
  )

  return { state, query, examples, isEdited, canSearch, search, similarTo, similarToFile, present, mark, unmark, signOf, again, retry, embedFirst, hitOf, leave }
})
