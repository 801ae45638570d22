/** @file How one step's gradients become an update: the recipe's numbers, and each parameter's part in them. */
import { clipFactor, normOf, type ParameterGroup } from '../../optim'

/** The numbers of one step; schedules give them. */
export interface StepRates {
  readonly lr: number
  /** Of the prototypes' layer in DINOv2, which learns nothing at first but gathers moments. */
  readonly lastLayerLr: number
  readonly weightDecay: number
  readonly momentum: number
  readonly teacherTemperature: number
  /** DINO: the prototypes' layer has no gradient at all yet. */
  readonly lastLayerFrozen: boolean
}

export interface UpdateOptions {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Longest gradient, of each parameter or of each submodule; undefined for no limit. */
  readonly clip: { readonly limit: number; readonly per: 'parameter' | 'submodule' } | undefined
  readonly centreMomentum: number
  groupOf(name: string): ParameterGroup
}

/** Norms of the gradients before clipping, by submodule. */
export function submoduleNorms(squares: ReadonlyMap<string, number>, groupOf: UpdateOptions['groupOf']): ReadonlyMap<string, number> {
  const bySubmodule = new Map<string, number[]>()
  for (const [name, square] of squares) {
    const { submodule } = groupOf(name)
    bySubmodule.set(submodule, [...(bySubmodule.get(submodule) ?? []), square])
  }
  return new Map([...bySubmodule].map(([submodule, parts]) => [submodule, normOf(parts)]))
}

/** What each parameter's gradient is multiplied by. */
export function clipFactors(squares: ReadonlyMap<string, number>, { clip, groupOf }: UpdateOptions): (name: string) => number {
  if (clip === undefined) return () => 1
  if (clip.per === 'parameter') return (name) => clipFactor(Math.sqrt(squares.get(name) ?? 0), clip.limit)
  const norms = submoduleNorms(squares, groupOf)
  return (name) => clipFactor(norms.get(groupOf(name).submodule) ?? 0, clip.limit)
}

/** Learning rate and weight decay of one parameter at this step, or undefined where it stays as it is. */
export function ratesOf(group: ParameterGroup, rates: StepRates): { readonly lr: number; readonly weightDecay: number } | undefined {
  if (!group.trainable || (group.lastLayer && rates.lastLayerFrozen)) return undefined
  return { lr: (group.lastLayer ? rates.lastLayerLr : rates.lr) * group.lrMultiplier, weightDecay: rates.weightDecay * group.weightDecayMultiplier }
}
