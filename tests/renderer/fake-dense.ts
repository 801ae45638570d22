/** @file A workspace without anything of dense analysis yet: lists are empty, and what needs tokens says so. */
import { EngineError, type EngineContract, type Handlers, type HeadInfo } from '../../src/engine/contract'

type DenseRequests =
  | Extract<keyof Handlers<EngineContract>, `colours.${string}` | `segments.${string}` | `heads.${string}` | `depth.${string}` | `labels.${string}` | `match.${string}` | `propagate.${string}`>
  | `hub.${'list' | 'download'}`
  | `evaluate.${'run' | 'list' | 'remove' | 'export'}`
  | 'view.estimate'
  | 'view.parts'
  | 'view.object'
  | 'view.artefacts'
  | 'view.refine'
  | 'view.colours'
  | 'view.depth'
  | 'view.classes'

const nothing = (): Promise<never[]> => Promise.resolve([])
const missing = (): Promise<never> => Promise.reject(new EngineError('NOT_FOUND', 'the invented engine has no patch tokens'))

/** A depth head of the invented model. */
export const fakeHead = (changes: Partial<HeadInfo> = {}): HeadInfo => ({
  headId: 'head',
  name: 'Head',
  kind: 'depth',
  architecture: 'linear',
  dim: 192,
  layers: [11],
  minDepth: 0.001,
  maxDepth: 10,
  classes: [],
  sizeBytes: 400_000,
  importedFrom: undefined,
  note: 'Depths up to 10 m, as you said.',
  training: undefined,
  ...changes,
})

export const fakeDense: Pick<Handlers<EngineContract>, DenseRequests> = {
  'hub.list': nothing,
  'hub.download': missing,
  'evaluate.run': missing,
  'evaluate.list': () => Promise.resolve({ evaluations: [], unreadable: [] }),
  'evaluate.remove': missing,
  'evaluate.export': missing,
  'view.estimate': missing,
  'view.parts': missing,
  'view.object': missing,
  'view.artefacts': missing,
  'view.refine': missing,
  'match.patch': missing,
  'match.mutual': missing,
  'match.common': missing,
  'view.colours': missing,
  'colours.create': missing,
  'colours.list': nothing,
  'colours.rename': missing,
  'colours.remove': missing,
  'colours.map': missing,
  'segments.find': missing,
  'segments.list': nothing,
  'segments.load': missing,
  'segments.change': missing,
  'segments.remove': missing,
  'segments.picture': missing,
  'segments.pixels': missing,
  'segments.measures': missing,
  'segments.pictures': missing,
  'segments.typical': nothing,
  'segments.map': missing,
  'segments.export': missing,
  'view.depth': missing,
  'view.classes': missing,
  'heads.list': nothing,
  'heads.import': missing,
  'heads.rename': missing,
  'heads.remove': missing,
  'heads.train': missing,
  'heads.export': missing,
  'depth.run': missing,
  'depth.numbers': missing,
  'depth.map': missing,
  'depth.export': missing,
  'labels.list': nothing,
  'labels.create': missing,
  'labels.change': missing,
  'labels.remove': missing,
  'labels.predict': missing,
  'labels.picture': missing,
  'labels.export': missing,
  'propagate.segments': missing,
  'propagate.run': missing,
  'propagate.export': missing,
}
