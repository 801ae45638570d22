/** @file What the points of a cloud of patches are coloured by besides their pictures: where they lie, frozen colours, segments. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { messageOf, type ColourBasisInfo, type FileProblem, type SegmentationInfo } from '../../engine/contract'
import { labelColour } from '../../engine/display'
import { numberColouring, placeColouring, type Colouring } from '../point-cloud'
import { useClient } from '../services/client'
import { formatQuantity } from '../services/format'
import { isCancelled } from '../services/problem'
import type { ColourSource, ColourWork } from './colour-source'
import { depthHeads } from './fitting-heads'
import { useHeadsStore } from './heads'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useMapStore } from './map'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'
import { usePatchChoiceStore } from './patch-choice'

/** More pictures than these have no colours of their own. */
const mostOwnColours = 64

export const usePatchColoursStore = defineStore('patch-colours', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const jobs = useJobsStore()
  const notices = useNoticesStore()
  const heads = useHeadsStore()
  const map = useMapStore()
  const cloud = usePatchChoiceStore()
  const bases = shallowRef<readonly ColourBasisInfo[]>([])
  const segmentations = shallowRef<readonly SegmentationInfo[]>([])
  const freezing = shallowRef(false)
  const libraryId = (): string => library.library?.libraryId ?? ''
  const mapId = (): string => map.data?.info.mapId ?? ''

  const place = (): Colouring => (map.data === undefined ? { kind: 'plain' } : placeColouring(map.data.coordinates, map.data.info.dims))
  /** Each picture of a cloud a colour of its own, while there are not too many. */
  const pictures = (): Colouring => {
    const shown = [...cloud.pointsOf.keys()]
    const labels = new Int32Array(library.imageCount).fill(-1)
    shown.forEach((row, number) => {
      labels[row] = number
    })
    const names = shown.map((row) => library.entryOfRow(row)?.name ?? '')
    return { kind: 'category', labels, names, ...(shown.length <= mostOwnColours ? { colours: shown.map((_, number) => labelColour(number)) } : {}) }
  }
  const basis = (basisId: string) => async (): Promise<Colouring> => {
    return { kind: 'colours', rgb: (await useClient()['colours.map']({ libraryId: libraryId(), mapId: mapId(), basisId })).rgb }
  }
  const segments = (segmentationId: string) => async (): Promise<Colouring> => {
    const [{ labels }, { segments: named }] = await Promise.all([
      useClient()['segments.map']({ libraryId: libraryId(), mapId: mapId(), segmentationId }),
      useClient()['segments.load']({ libraryId: libraryId(), segmentationId }),
    ])
    const last = Math.max(-1, ...named.map(({ id }) => id))
    const byId = new Map(named.map((one) => [one.id, one]))
    const ids = Array.from({ length: last + 1 }, (_, id) => id)
    return { kind: 'category', per: 'point', labels, names: ids.map((id) => byId.get(id)?.name ?? ''), colours: ids.map((id) => byId.get(id)?.colour ?? labelColour(id)) }
  }

  /** Pictures whose depth is not known yet are measured; what is done is kept when it is stopped. */
  const depth = (headId: string) => async ({ signal, onProgress }: ColourWork): Promise<Colouring> => {
    const skipped: FileProblem[] = []
    const line = jobs.begin('Measuring depth of patches')
    const job = useClient()['depth.map']({ libraryId: libraryId(), mapId: mapId(), headId }, (event) => {
      if (event.kind === 'skipped') {
        skipped.push(event.problem)
        return
      }
      line.report(event)
      onProgress(event)
    })
    line.attach(job)
    signal.addEventListener('abort', () => void job.cancel())
    const { metres } = await job.result
    const [first] = skipped
    if (first !== undefined) notices.show('problem', `The depth of ${formatQuantity(skipped.length, 'picture')} could not be measured; ${first.relativePath}: ${first.reason}`)
    return numberColouring(metres, 'point')
  }

  const ofThisModel = <T extends { readonly modelId: string }>(all: readonly T[]): readonly T[] => all.filter(({ modelId }) => modelId === models.active?.id)
  const sources = computed<readonly ColourSource[]>(() => [
    { id: 'place', label: map.data?.info.method === 'pca' ? 'Principal components' : 'Place in the cloud', hint: 'of this cloud alone', colour: place },
    ...ofThisModel(bases.value).map((info) => ({ id: `basis:${info.basisId}`, label: info.name, hint: `colours of ${info.pictures} pictures, the same everywhere`, colour: basis(info.basisId) })),
    ...ofThisModel(segmentations.value).map((info) => ({ id: `segments:${info.segmentationId}`, label: info.name, hint: `${info.segments} segments`, colour: segments(info.segmentationId) })),
    ...depthHeads(heads.heads, models.active).map(({ headId, name }) => ({ id: `patch-depth:${headId}`, label: `Depth, ${name}`, hint: 'of each patch, metres', unit: 'm' as const, nothing: 'None of these pictures could be measured.', colour: depth(headId) })),
    { id: 'picture', label: 'Picture', hint: 'which one a patch is from', colour: pictures },
  ])
  const basisOf = (sourceId: string | undefined): ColourBasisInfo | undefined => bases.value.find(({ basisId }) => sourceId === `basis:${basisId}`)

  const refresh = async (): Promise<void> => {
    const asked = libraryId()
    const [foundBases, foundSegmentations] = await Promise.all([
      useClient()['colours.list'](undefined).catch(() => []),
      useClient()['segments.list']({ libraryId: asked }).catch(() => []),
    ])
    if (asked !== libraryId()) return
    bases.value = foundBases
    segmentations.value = foundSegmentations
  }
  /** Fits colours on the pictures of the cloud and keeps them under a name. @returns the id of what wears them, where it went well */
  const freeze = async (name: string): Promise<string | undefined> => {
    const modelId = models.active?.id
    if (modelId === undefined) return undefined
    freezing.value = true
    const line = jobs.begin('Fitting colours')
    try {
      const job = useClient()['colours.create']({ libraryId: libraryId(), rows: Uint32Array.from(cloud.pointsOf.keys()), modelId, name }, line.report)
      line.attach(job)
      const { basisId } = await job.result
      await refresh()
      return `basis:${basisId}`
    } catch (error) {
      if (!isCancelled(error)) notices.show('problem', `The colours could not be kept: ${messageOf(error)}`)
      return undefined
    } finally {
      freezing.value = false
    }
  }
  const remove = async (basisId: string): Promise<void> => {
    try {
      await useClient()['colours.remove']({ basisId })
    } catch (error) {
      notices.show('problem', `The colours could not be removed: ${messageOf(error)}`)
    }
    await refresh()
  }

  return { sources, freezing, basisOf, refresh, freeze, remove }
})
