/** @file What a set of labels says, and how it is changed by hand. Pure: tokens and the disk are for others. */
import { EngineError, type LabelSetInfo, type Rgb } from '../contract'
import { labelColour } from '../display'

export interface StoredClass {
  readonly id: number
  readonly name: string
  readonly colour: Rgb
}

/** Patches of a content that were named. */
export interface NamedPatches {
  readonly gridHeight: number
  readonly gridWidth: number
  /** Class of each patch, 255 for none; uint8 [gridHeight × gridWidth]. */
  readonly labels: Uint8Array
}

/** A set between two changes. Contents are known by their sha256, hex. */
export interface LabelState {
  readonly classes: readonly StoredClass[]
  readonly pictures: ReadonlyMap<string, number>
  readonly patches: ReadonlyMap<string, NamedPatches>
}

export interface StoredLabels {
  readonly labelSetId: string
  readonly name: string
  readonly modelId: string
  readonly createdAt: string
  readonly state: LabelState
  /** States to go back to, the latest last. */
  readonly undo: readonly LabelState[]
}

/** Label of a patch that has none. */
export const noLabel = 255
/** Changes that can be taken back. */
const maxUndo = 20

export const emptyLabels: LabelState = { classes: [], pictures: new Map(), patches: new Map() }

export function withLabels(labels: StoredLabels, state: LabelState): StoredLabels {
  return { ...labels, state, undo: [...labels.undo, labels.state].slice(-maxUndo) }
}

/** @throws EngineError BAD_REQUEST when there is nothing to take back */
export function withoutLast(labels: StoredLabels): StoredLabels {
  const state = labels.undo.at(-1)
  if (state === undefined) throw new EngineError('BAD_REQUEST', `there is no change of ${JSON.stringify(labels.name)} to take back`, { detail: { labelSetId: labels.labelSetId } })
  return { ...labels, state, undo: labels.undo.slice(0, -1) }
}

/** @throws EngineError NOT_FOUND */
export function requireClass({ classes }: LabelState, id: number): StoredClass {
  const found = classes.find((one) => one.id === id)
  if (found === undefined) throw new EngineError('NOT_FOUND', `there is no class ${id}; it may have been removed`, { detail: { label: id } })
  return found
}

function requireNewName({ classes }: LabelState, name: string, except?: number): void {
  if (classes.some((one) => one.name === name && one.id !== except)) throw new EngineError('ALREADY_EXISTS', `there is a class ${JSON.stringify(name)} already`, { detail: { name } })
}

/** The lowest free number, and its colour where none is said. @throws EngineError ALREADY_EXISTS, BAD_REQUEST for more than 255 classes */
export function addClass(state: LabelState, name: string, colour: Rgb | undefined): LabelState {
  requireNewName(state, name)
  const taken = new Set(state.classes.map(({ id }) => id))
  let id = 0
  while (taken.has(id)) id++
  if (id >= noLabel) throw new EngineError('BAD_REQUEST', `a set holds at most ${noLabel} classes`)
  return { ...state, classes: [...state.classes, { id, name, colour: colour ?? labelColour(id) }] }
}

/** @throws EngineError NOT_FOUND, ALREADY_EXISTS */
export function withClass(state: LabelState, id: number, changes: Partial<Omit<StoredClass, 'id'>>): LabelState {
  requireClass(state, id)
  if (changes.name !== undefined) requireNewName(state, changes.name, id)
  return { ...state, classes: state.classes.map((one) => (one.id === id ? { ...one, ...changes } : one)) }
}

const isNamed = ({ labels }: NamedPatches): boolean => labels.some((label) => label !== noLabel)

/** Its examples go with it. @throws EngineError NOT_FOUND */
export function removeClass(state: LabelState, id: number): LabelState {
  requireClass(state, id)
  return {
    classes: state.classes.filter((one) => one.id !== id),
    pictures: new Map([...state.pictures].filter(([, label]) => label !== id)),
    patches: new Map([...state.patches].map(([hash, named]) => [hash, { ...named, labels: named.labels.map((label) => (label === id ? noLabel : label)) }] as const).filter(([, named]) => isNamed(named))),
  }
}

/** Names pictures as wholes; `noLabel` forgets them. @throws EngineError NOT_FOUND */
export function namePictures(state: LabelState, hashes: readonly string[], label: number): LabelState {
  if (label !== noLabel) requireClass(state, label)
  const pictures = new Map(state.pictures)
  for (const hash of hashes) {
    pictures.delete(hash)
    if (label !== noLabel) pictures.set(hash, label)
  }
  return { ...state, pictures }
}

export interface PatchesOf {
  readonly hash: string
  readonly gridHeight: number
  readonly gridWidth: number
  readonly patches: Iterable<number>
}

/** Names patches; `noLabel` forgets them. What was named in another grid is forgotten. @throws EngineError NOT_FOUND, BAD_REQUEST for a patch outside of the grid */
export function namePatches(state: LabelState, of: readonly PatchesOf[], label: number): LabelState {
  if (label !== noLabel) requireClass(state, label)
  const all = new Map(state.patches)
  for (const { hash, gridHeight, gridWidth, patches } of of) {
    const known = all.get(hash)
    const labels = known?.gridHeight === gridHeight && known.gridWidth === gridWidth ? known.labels.slice() : new Uint8Array(gridHeight * gridWidth).fill(noLabel)
    for (const patch of patches) {
      if (patch >= labels.length) throw new EngineError('BAD_REQUEST', `there is no patch ${patch}; the picture has ${gridHeight} × ${gridWidth}`, { detail: { patch } })
      labels[patch] = label
    }
    const named = { gridHeight, gridWidth, labels }
    if (isNamed(named)) all.set(hash, named)
    else all.delete(hash)
  }
  return { ...state, patches: all }
}

/** What the page is told. */
export function labelInfo({ labelSetId, name, modelId, createdAt, state, undo }: StoredLabels): LabelSetInfo {
  const [pictures, patches] = [new Map<number, number>(), new Map<number, number>()]
  for (const label of state.pictures.values()) pictures.set(label, (pictures.get(label) ?? 0) + 1)
  for (const { labels } of state.patches.values()) for (const label of labels) patches.set(label, (patches.get(label) ?? 0) + 1)
  return {
    labelSetId,
    name,
    modelId,
    createdAt,
    classes: state.classes.map((one) => ({ ...one, pictures: pictures.get(one.id) ?? 0, patches: patches.get(one.id) ?? 0 })),
    canUndo: undo.length > 0,
  }
}
