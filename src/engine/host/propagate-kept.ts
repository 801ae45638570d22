/** @file Sequences whose labels were carried: their masks on the disk, what they are called, for as long as the engine runs. */
import { EngineError, type PropagateResult, type Rgb } from '../contract'

export interface KeptPropagation {
  readonly libraryId: string
  /** Folder of the masks, below that of the exports, gone with them. */
  readonly folder: string
  /** In the order of the frames. */
  readonly frames: readonly { readonly row: number; readonly maskName: string }[]
  readonly classes: PropagateResult['classes']
}

export interface KeptPropagations {
  keep(propagationId: string, propagation: KeptPropagation): void
  /** @throws EngineError NOT_FOUND */
  get(propagationId: string): KeptPropagation
}

export function createKeptPropagations(): KeptPropagations {
  const kept = new Map<string, KeptPropagation>()
  return {
    keep: (propagationId, propagation) => {
      kept.set(propagationId, propagation)
    },
    get: (propagationId) => {
      const found = kept.get(propagationId)
      if (found === undefined) throw new EngineError('NOT_FOUND', 'these frames are no longer kept; carry the labels through them again', { detail: { propagationId } })
      return found
    },
  }
}

// One locale whatever the machine's: the same folder is the same sequence everywhere.
const names = new Intl.Collator('en', { numeric: true })

/** Frames in the order of their names, numbers as numbers. */
export function compareFrames(a: { readonly relativePath: string }, b: { readonly relativePath: string }): number {
  return names.compare(a.relativePath, b.relativePath)
}

/** How each label is shown. */
export function colourOf(classes: PropagateResult['classes']): (label: number) => Rgb {
  const colours = new Map(classes.map(({ label, colour }) => [label, colour]))
  return (label) => colours.get(label) ?? [0, 0, 0]
}

/** Names of files for frames: where they lie becomes part of the name, characters that file systems argue about become `_`, equal ones are numbered. */
export function frameNames(relativePaths: readonly string[], ending: string): readonly string[] {
  const taken = new Set<string>()
  return relativePaths.map((path) => {
    const stem = path.replace(/\.[^./]*$/, '').replaceAll('/', '-').replace(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 120)
    let name = stem
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}`
    taken.add(name.toLowerCase())
    return `${name}${ending}`
  })
}
