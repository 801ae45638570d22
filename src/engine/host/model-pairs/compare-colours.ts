/** @file PCA colours of one picture as two models see it. */
import type { PairColours, PairRequest } from '../../contract'
import { pairColours, type LookedPatches } from '../../dense'
import { patchTokens } from '../../inference'
import type { EngineState } from '../engine-state'

function lookedPatches({ analyses }: EngineState, analysisId: string): LookedPatches {
  const { state } = analyses.get(analysisId)
  return { tokens: patchTokens(state), dim: state.backbone.config.dim, grid: state.grid, extent: state.prepared.extent }
}

/** @throws EngineError NOT_FOUND when an analysis is no longer kept */
export function compareColours(state: EngineState, { left, right }: PairRequest): Promise<PairColours> {
  return pairColours(lookedPatches(state, left), lookedPatches(state, right))
}
