/** @file Which heads belong to a model, the likeliest first. Pure. */
import { layerCountFor, type HeadInfo, type ModelInfo } from '../../engine/contract'

type HeadModel = Pick<ModelInfo, 'id' | 'dim' | 'depth' | 'gives'>

/** Whether a head can read the tokens of a model. */
export function fits(head: HeadInfo, model: HeadModel | undefined): boolean {
  return model !== undefined && layerCountFor(head, model) !== undefined
}

/** 0 for a head that was trained on this very model, 1 for one that says its tokens have this length, 2 for others. */
function rank({ training, dim }: HeadInfo, model: HeadModel): number {
  if (training !== undefined) return training.modelId === model.id ? 0 : 2
  return dim === model.dim ? 1 : 2
}

/** Heads that a model's tokens can be given to. */
export function fittingHeads(heads: readonly HeadInfo[], model: HeadModel | undefined): readonly HeadInfo[] {
  if (model === undefined) return []
  return heads.filter((head) => fits(head, model)).sort((a, b) => rank(a, model) - rank(b, model))
}

/** What tells depth of them. */
export function depthHeads(heads: readonly HeadInfo[], model: HeadModel | undefined): readonly HeadInfo[] {
  return fittingHeads(heads, model).filter(({ kind }) => kind === 'depth')
}
