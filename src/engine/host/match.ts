/** @file Two pictures side by side, both as one model sees them. */
import { commonParts, mutualMatches, patchMatches, type PartPatches, type UnitPatches } from '../dense'
import { EngineError, type CommonParts, type MutualMatches, type PairRequest, type PatchMatches } from '../contract'
import { meanOverHeads } from '../display'
import { attentionOf, normaliseRows, patchTokens, type AnalysisState } from '../inference'
import { givesOf } from '../weights'
import type { EngineState } from './engine-state'

/** Tokens at unit length of pictures that are being compared: made once, and gone with the analysis. */
const unitOf = new WeakMap<AnalysisState, UnitPatches>()

function unitPatches(analysis: AnalysisState): UnitPatches {
  const known = unitOf.get(analysis)
  if (known !== undefined) return known
  const { dim } = analysis.backbone.config
  const made = { dim, tokens: normaliseRows(patchTokens(analysis), dim) }
  unitOf.set(analysis, made)
  return made
}

/** With how much the picture's CLS token looks at each patch in the last block, where the model tells it. */
async function partPatches(analysis: AnalysisState): Promise<PartPatches> {
  if (!givesOf(analysis.backbone.config).attention) return { ...unitPatches(analysis), attention: undefined }
  const { weights, heads } = await attentionOf(analysis, analysis.backbone.config.depth - 1, 'cls')
  return { ...unitPatches(analysis), attention: meanOverHeads(weights, heads) }
}

/** @throws EngineError NOT_FOUND when one is no longer kept, BAD_REQUEST where they are of two models */
function pairOf({ analyses }: EngineState, { left, right }: PairRequest): readonly [AnalysisState, AnalysisState] {
  const [first, second] = [analyses.get(left), analyses.get(right)]
  if (first.modelId !== second.modelId) {
    const [one, other] = [first, second].map(({ state }) => JSON.stringify(state.backbone.manifest.name))
    throw new EngineError('BAD_REQUEST', `the left picture was looked at with ${one}, the right one with ${other}; look at both with the same model`, { detail: { left: first.modelId, right: second.modelId } })
  }
  return [first.state, second.state]
}

// A call has no cancel; each of these ends within a second.
const running = new AbortController().signal

/** @throws EngineError NOT_FOUND, BAD_REQUEST, RUNTIME */
export async function matchPatch(state: EngineState, request: PairRequest & { readonly patch: number }): Promise<PatchMatches> {
  const [left, right] = pairOf(state, request)
  return patchMatches(unitPatches(left), unitPatches(right), request.patch, await state.rowProducts())
}

/** @throws EngineError NOT_FOUND, BAD_REQUEST, RUNTIME */
export async function matchMutual(state: EngineState, request: PairRequest & { readonly top: number }): Promise<MutualMatches> {
  const [left, right] = pairOf(state, request)
  return mutualMatches(unitPatches(left), unitPatches(right), { top: request.top, products: await state.rowProducts(), signal: running })
}

/** @throws EngineError NOT_FOUND, BAD_REQUEST, RUNTIME */
export async function matchCommon(state: EngineState, request: PairRequest & { readonly parts: number }): Promise<CommonParts> {
  const [left, right] = pairOf(state, request)
  return commonParts(await partPatches(left), await partPatches(right), { parts: request.parts, products: await state.rowProducts(), signal: running })
}
