/** @file What is asked of the picture on the stage only when it is looked at: parts, objects, depth, classes, frozen colours, artefacts. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { Artefacts, ClassMap, ColourBasisInfo, DepthMap, EdgeMethod, FoundObject, HeadInfo, ObjectMethod, PartTree, PatchColours, RefinedLabels } from '../../engine/contract'
import { cutParts, labelColour, rangeOf } from '../../engine/display'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { fittingHeads } from './fitting-heads'
import { useHeadsStore } from './heads'
import { useInspectorStore } from './inspector'
import { labelField } from './label-field'
import { useModelsStore } from './models'
import type { ShownField } from './shown-field'

/** What was found out about one analysis. */
interface Known {
  readonly analysisId: string
  readonly tree?: PartTree
  readonly objects: Partial<Record<ObjectMethod, FoundObject>>
  readonly depth: Readonly<Record<string, DepthMap>>
  readonly classes: Readonly<Record<string, ClassMap>>
  readonly colours: Readonly<Record<string, PatchColours>>
  readonly artefacts?: Artefacts
}

const noPart = 255
/** Longest edge of labels brought to the picture's edges. */
const refinedEdge = 1024
export const edgeChoices = ['raw', 'guided', 'bilateral'] as const
export type InspectorEdges = (typeof edgeChoices)[number]

export const useInspectorDenseStore = defineStore('inspector-dense', () => {
  const inspector = useInspectorStore()
  const models = useModelsStore()
  const store = useHeadsStore()
  const known = shallowRef<Known>()
  const problem = shallowRef<Problem>()
  const busy = shallowRef(false)
  const parts = shallowRef(6)
  const method = shallowRef<ObjectMethod>('tokencut')
  const edges = shallowRef<InspectorEdges>('raw')
  const refined = shallowRef<RefinedLabels & { readonly key: string }>()
  const headId = shallowRef<string>()
  const bases = shallowRef<readonly ColourBasisInfo[]>([])
  /** Frozen colours that the PCA view wears; its own where there are none. */
  const basisId = shallowRef<string>()
  const hidesArtefacts = shallowRef(false)
  const relief = shallowRef(false)

  const analysis = computed(() => (inspector.state.phase === 'ready' ? inspector.state.analysis : undefined))
  const mode = computed(() => inspector.view.mode)
  const heads = computed(() => store.heads)
  /** The head that was chosen, or the likeliest, of those that belong to the model; where none does, one that says whose it is. */
  const head = computed<HeadInfo | undefined>(() => {
    const fitting = fittingHeads(heads.value, models.active)
    const chosen = (one: HeadInfo): boolean => one.headId === headId.value
    return fitting.find(chosen) ?? fitting[0] ?? heads.value.find(chosen) ?? heads.value[0]
  })
  const fitting = computed(() => bases.value.filter(({ modelId }) => modelId === models.active?.id))

  const learn = (analysisId: string, more: (now: Known) => Partial<Known>): void => {
    if (analysisId !== analysis.value?.analysisId) return
    const now: Known = known.value?.analysisId === analysisId ? known.value : { analysisId, objects: {}, depth: {}, classes: {}, colours: {} }
    known.value = { ...now, ...more(now) }
  }
  const own = computed(() => (known.value?.analysisId === analysis.value?.analysisId ? known.value : undefined))

  /** Asks for what the mode needs and is not there. */
  const ask = async (): Promise<void> => {
    const analysisId = analysis.value?.analysisId
    if (analysisId === undefined) return
    const client = useClient()
    problem.value = undefined
    busy.value = true
    try {
      if (mode.value === 'parts' && own.value?.tree === undefined) {
        const tree = await client['view.parts']({ analysisId })
        learn(analysisId, () => ({ tree }))
      } else if (mode.value === 'object' && models.active?.gives.inside !== false && own.value?.objects[method.value] === undefined) {
        const asked = method.value
        const found = await client['view.object']({ analysisId, method: asked }).result
        learn(analysisId, ({ objects }) => ({ objects: { ...objects, [asked]: found } }))
      } else if (mode.value === 'depth' && head.value !== undefined) {
        const { headId: asked, kind } = head.value
        if (kind === 'depth' && own.value?.depth[asked] === undefined) {
          const found = await client['view.depth']({ analysisId, headId: asked }).result
          learn(analysisId, ({ depth }) => ({ depth: { ...depth, [asked]: found } }))
        } else if (kind === 'classes' && own.value?.classes[asked] === undefined) {
          const found = await client['view.classes']({ analysisId, headId: asked }).result
          learn(analysisId, ({ classes }) => ({ classes: { ...classes, [asked]: found } }))
        }
      } else if (mode.value === 'pca' && basisId.value !== undefined && own.value?.colours[basisId.value] === undefined) {
        const asked = basisId.value
        const found = await client['view.colours']({ analysisId, basisId: asked })
        learn(analysisId, ({ colours }) => ({ colours: { ...colours, [asked]: found } }))
      }
      if (own.value?.artefacts === undefined) {
        const artefacts = await client['view.artefacts']({ analysisId })
        learn(analysisId, () => ({ artefacts }))
      }
    } catch (error) {
      if (analysisId === analysis.value?.analysisId && !isCancelled(error)) problem.value = problemOf(error)
    } finally {
      busy.value = false
    }
  }

  const object = computed(() => own.value?.objects[method.value])
  const depth = computed(() => (head.value === undefined ? undefined : own.value?.depth[head.value.headId]))
  const classMap = computed(() => (head.value === undefined ? undefined : own.value?.classes[head.value.headId]))
  /** Labels by patch of what has edges; undefined in other modes. */
  const patchLabels = computed<Uint8Array | undefined>(() => {
    if (mode.value === 'parts') return own.value?.tree === undefined ? undefined : cutParts(own.value.tree, parts.value)
    if (mode.value !== 'object' || object.value === undefined) return undefined
    return object.value.mask.map((inside) => (inside === 1 ? 0 : noPart))
  })
  const refinedKey = computed(() => [analysis.value?.analysisId, mode.value, mode.value === 'parts' ? parts.value : method.value, edges.value].join())
  const refine = async (): Promise<void> => {
    const [analysisId, labels, how, key] = [analysis.value?.analysisId, patchLabels.value, edges.value, refinedKey.value]
    if (how === 'raw' || analysisId === undefined || labels === undefined || refined.value?.key === key) return
    // Patches that are not the object are a label of their own, so that its edge has two sides.
    const sided = mode.value === 'object' ? labels.map((label) => (label === noPart ? 1 : 0)) : labels
    try {
      const found = await useClient()['view.refine']({ analysisId, labels: sided, method: how satisfies EdgeMethod, maxEdge: refinedEdge })
      if (key === refinedKey.value) refined.value = { ...found, labels: mode.value === 'object' ? found.labels.map((label) => (label === 1 ? noPart : label)) : found.labels, key }
    } catch (error) {
      if (key === refinedKey.value && !isCancelled(error)) problem.value = problemOf(error)
    }
  }

  const denseField = computed<ShownField | undefined>(() => {
    const now = analysis.value
    if (now === undefined) return undefined
    if (mode.value === 'parts' || mode.value === 'object') {
      const labels = patchLabels.value
      if (labels === undefined) return undefined
      const fine = edges.value !== 'raw' && refined.value?.key === refinedKey.value ? refined.value : undefined
      return fine === undefined ? labelField(labels, now, noPart) : labelField(fine.labels, { gridHeight: fine.height, gridWidth: fine.width }, noPart)
    }
    if (mode.value === 'depth') {
      if (depth.value !== undefined) return { kind: 'scalar', quantity: 'metres', values: depth.value.metres, range: rangeOf(depth.value.metres), gridHeight: depth.value.height, gridWidth: depth.value.width, mask: undefined }
      if (classMap.value === undefined) return undefined
      const colours = head.value?.classes ?? []
      const rgb = new Uint8Array(3 * classMap.value.labels.length)
      classMap.value.labels.forEach((label, index) => rgb.set(colours[label]?.colour ?? labelColour(label), 3 * index))
      return { kind: 'colour', rgb, gridHeight: classMap.value.height, gridWidth: classMap.value.width, mask: undefined }
    }
    const frozen = mode.value === 'pca' && basisId.value !== undefined ? own.value?.colours[basisId.value] : undefined
    return frozen === undefined ? undefined : { kind: 'colour', rgb: frozen.rgb, gridHeight: now.gridHeight, gridWidth: now.gridWidth, mask: undefined }
  })
  /** What the overlay shows: what was asked for here, or what the inspector shows; artefacts left out where one wants. */
  const field = computed<ShownField | undefined>(() => {
    const shown = denseField.value ?? inspector.field
    const { artefacts } = own.value ?? {}
    if (!hidesArtefacts.value || shown === undefined || artefacts === undefined || artefacts.outlier.length !== shown.gridHeight * shown.gridWidth) return shown
    return { ...shown, mask: artefacts.outlier.map((outlier, patch) => (outlier === 1 ? 0 : (shown.mask?.[patch] ?? 1))) }
  })
  const toggleEdges = (): void => {
    edges.value = edges.value === 'raw' ? 'guided' : 'raw'
  }
  const refreshLists = async (): Promise<void> => {
    await store.load()
    bases.value = await useClient()['colours.list'](undefined).catch(() => [])
    if (!bases.value.some((one) => one.basisId === basisId.value)) basisId.value = undefined
  }

  watch([analysis, mode, method, head, basisId], () => void ask())
  watch([refinedKey, patchLabels], () => void refine())
  watch(mode, () => {
    if (mode.value !== 'depth') relief.value = false
  })

  return { problem, busy, parts, method, edges, heads, head, headId, bases: fitting, basisId, hidesArtefacts, relief, own, object, depth, classMap, field, toggleEdges, refreshLists }
})
