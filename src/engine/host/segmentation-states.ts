/** @file What a segmentation says, and how it is changed by hand. Pure: tokens and the disk are for others. */
import { EngineError, type Rgb, type Segmentation, type SegmentationInfo } from '../contract'
import { labelColour } from '../display'
import { wardTree } from '../dense'

/** Patches as they were found: each has a base segment, and base segments have centres. */
export interface SegmentBase {
  /** Base segment of every patch of every content, one after the other; uint16. */
  readonly labels: Uint16Array
  /** float32 [base segments, dim], at unit length. */
  readonly centres: Float32Array
  readonly dim: number
  /** Patches of each base segment. */
  readonly sizes: readonly number[]
  /** Mean cosine of the patches of each with its centre. */
  readonly tightness: readonly number[]
}

/** A segment as a person sees it: one base segment or several. */
export interface StoredSegment {
  readonly id: number
  readonly name: string
  readonly colour: Rgb
  /** Base segments that it is made of. */
  readonly of: readonly number[]
}

/** A segmentation between two changes. */
export interface SegmentState {
  readonly name: string
  readonly base: SegmentBase
  readonly segments: readonly StoredSegment[]
}

export interface StoredSegmentation extends Omit<SegmentationInfo, 'segments' | 'pictures' | 'name'> {
  /** sha256 of each content, hex, each once. */
  readonly hashes: readonly string[]
  readonly places: ReadonlyMap<string, number>
  /** Patches down and across of each content, uint16 [contents, 2]. */
  readonly grids: Uint16Array
  /** Where the labels of each content begin, uint32 [contents + 1]. */
  readonly starts: Uint32Array
  readonly tried: readonly { readonly segments: number; readonly explained: number }[]
  readonly state: SegmentState
  /** States to go back to, the latest last. */
  readonly undo: readonly SegmentState[]
}

/** Label of a patch that no segment has. */
export const noSegment = 65_535

/** Changes that can be taken back. */
const maxUndo = 20

/** Where the labels of each content begin. */
export function startsOf(grids: Uint16Array): Uint32Array {
  const starts = new Uint32Array(grids.length / 2 + 1)
  for (let place = 0; place < grids.length / 2; place++) starts[place + 1] = starts[place]! + grids[2 * place]! * grids[2 * place + 1]!
  return starts
}

export function withState(segmentation: StoredSegmentation, state: SegmentState): StoredSegmentation {
  return { ...segmentation, state, undo: [...segmentation.undo, segmentation.state].slice(-maxUndo) }
}

/** @throws EngineError BAD_REQUEST when there is nothing to take back */
export function takenBack(segmentation: StoredSegmentation): StoredSegmentation {
  const state = segmentation.undo.at(-1)
  if (state === undefined) throw new EngineError('BAD_REQUEST', `there is no change of ${JSON.stringify(segmentation.state.name)} to take back`, { detail: { segmentationId: segmentation.segmentationId } })
  return { ...segmentation, state, undo: segmentation.undo.slice(0, -1) }
}

/** One segment for each base segment, ids in the order of size: the largest is 0 and "Segment 1". */
export function firstSegments({ sizes }: Pick<SegmentBase, 'sizes'>): readonly StoredSegment[] {
  const order = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b)
  return order.map((base, id) => ({ id, name: `Segment ${id + 1}`, colour: labelColour(id), of: [base] }))
}

/** @throws EngineError NOT_FOUND */
export function requireSegment({ segments }: SegmentState, id: number): StoredSegment {
  const segment = segments.find((one) => one.id === id)
  if (segment === undefined) throw new EngineError('NOT_FOUND', `there is no segment ${id}`, { detail: { segment: id } })
  return segment
}

/** Patches of a segment. */
export function sizeOf({ base }: SegmentState, { of }: StoredSegment): number {
  return of.reduce((sum, one) => sum + base.sizes[one]!, 0)
}

/** Mean direction of the patches of some base segments; float32 [dim], at unit length. */
export function centreOf({ base }: Pick<SegmentState, 'base'>, of: readonly number[]): Float32Array {
  const { centres, dim, sizes, tightness } = base
  // A centre is the direction of the sum of its patches, whose length is their number times their mean cosine with it.
  const sum = new Float64Array(dim)
  for (const one of of) for (let column = 0; column < dim; column++) sum[column]! += centres[one * dim + column]! * sizes[one]! * tightness[one]!
  const length = Math.hypot(...sum)
  return Float32Array.from(sum, (value) => (length > 0 ? value / length : 0))
}

/** The segment with something else about it. @throws EngineError NOT_FOUND */
export function withSegment(state: SegmentState, id: number, changes: Partial<Pick<StoredSegment, 'name' | 'colour'>>): SegmentState {
  requireSegment(state, id)
  return { ...state, segments: state.segments.map((segment) => (segment.id === id ? { ...segment, ...changes } : segment)) }
}

/** The largest of them takes in the others, of equal ones the first that was named. @throws EngineError NOT_FOUND, or BAD_REQUEST for fewer than two */
export function mergeSegments(state: SegmentState, ids: readonly number[]): SegmentState {
  const different = [...new Set(ids)].map((id) => requireSegment(state, id))
  if (different.length < 2) throw new EngineError('BAD_REQUEST', 'two different segments are needed to merge them')
  const into = different.reduce((largest, one) => (sizeOf(state, one) > sizeOf(state, largest) ? one : largest))
  const gone = new Set(different.map(({ id }) => id))
  const of = different.flatMap((one) => one.of).sort((a, b) => a - b)
  return { ...state, segments: state.segments.flatMap((one) => (one.id === into.id ? [{ ...one, of }] : gone.has(one.id) ? [] : [one])) }
}

/** Which segments become one next, from as many as there are to one: the larger takes in the smaller. */
export async function mergesOf(state: SegmentState): Promise<Segmentation['merges']> {
  const { base, segments } = state
  const { dim, centres, sizes } = base
  const weights = Float32Array.from(segments, (segment) => sizeOf(state, segment))
  const means = new Float32Array(segments.length * dim)
  segments.forEach(({ of }, row) => {
    for (const one of of) for (let column = 0; column < dim; column++) means[row * dim + column]! += (centres[one * dim + column]! * sizes[one]!) / Math.max(1, weights[row]!)
  })
  // A change has no cancel; of some hundred segments this takes a tenth of a second.
  const { merges, heights } = await wardTree(means, weights.map((weight) => Math.max(1, weight)), dim, new AbortController().signal)
  const groups = segments.map(({ id }, row) => ({ id, weight: weights[row]! }))
  return Array.from(heights, (height, step) => {
    const [a, b] = [groups[merges[2 * step]!]!, groups[merges[2 * step + 1]!]!]
    const [into, from] = b.weight > a.weight ? [b, a] : [a, b]
    groups.push({ id: into.id, weight: a.weight + b.weight })
    return { into: into.id, from: from.id, height }
  })
}

/** Merges until so many are left. @throws EngineError BAD_REQUEST when there are not more than that */
export async function coarsenSegments(state: SegmentState, segments: number): Promise<SegmentState> {
  const merges = (await mergesOf(state)).slice(0, Math.max(0, state.segments.length - segments))
  if (merges.length === 0) throw new EngineError('BAD_REQUEST', `there are ${state.segments.length} segments already; ${segments} are not fewer`)
  return merges.reduce((coarser, { into, from }) => mergePair(coarser, into, from), state)
}

function mergePair(state: SegmentState, into: number, from: number): SegmentState {
  const taken = requireSegment(state, from)
  return { ...state, segments: state.segments.flatMap((one) => (one.id === from ? [] : one.id === into ? [{ ...one, of: [...one.of, ...taken.of].sort((a, b) => a - b) }] : [one])) }
}

/**
 * Divides a segment; its largest part keeps its id and colour, the others get the lowest free ones.
 * @param base with the parts as new base segments at its end, in the order of `parts`
 */
export function splitSegment(state: SegmentState, id: number, base: SegmentBase, parts: readonly number[]): SegmentState {
  const divided = requireSegment(state, id)
  const taken = new Set(state.segments.map((segment) => segment.id))
  const bySize = [...parts].sort((a, b) => base.sizes[b]! - base.sizes[a]! || a - b)
  const ids = [id]
  for (let free = 0; ids.length < parts.length; free++) if (!taken.has(free)) ids.push(free)
  const added = bySize.map((part, index): StoredSegment => ({ id: ids[index]!, name: `${divided.name} (${index + 1})`, colour: index === 0 ? divided.colour : labelColour(ids[index]!), of: [part] }))
  return { ...state, base, segments: state.segments.flatMap((segment) => (segment.id === id ? added : [segment])) }
}

/** Segment of each base segment; {@link noSegment} for one that no segment has. */
export function segmentOfBase({ base, segments }: SegmentState): Uint16Array {
  const map = new Uint16Array(base.sizes.length).fill(noSegment)
  for (const { id, of } of segments) for (const one of of) map[one] = id
  return map
}
