/** @file The analysis of the picture on the stage, step by step. Pure and total; an answer for another analysis changes nothing. */
import type { AnalyseRequest, Analysis, AttentionMaps, Progress, SimilarityMap } from '../../engine/contract'
import type { Problem } from '../services/problem'

export interface ReadyAnalysis {
  readonly phase: 'ready'
  readonly request: AnalyseRequest
  readonly analysis: Analysis
  /** The attention last asked for that has arrived; undefined for a model that gives none. */
  readonly attention: AttentionMaps | undefined
  /** The similarity last asked for that has arrived. */
  readonly similarity: SimilarityMap | undefined
  /** Why the last attention or similarity could not be had. */
  readonly detailProblem: Problem | undefined
}

export type InspectorState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'analysing'; readonly request: AnalyseRequest; readonly progress: Progress | undefined }
  | ReadyAnalysis
  | { readonly phase: 'failed'; readonly request: AnalyseRequest; readonly problem: Problem }

export type InspectorChange =
  | { readonly kind: 'analyse'; readonly request: AnalyseRequest }
  | Progress
  | { readonly kind: 'analysed'; readonly analysis: Analysis }
  | { readonly kind: 'attention'; readonly analysisId: string; readonly maps: AttentionMaps }
  | { readonly kind: 'similarity'; readonly analysisId: string; readonly map: SimilarityMap }
  | { readonly kind: 'detail-failed'; readonly analysisId: string; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'leave' }

function reduceReady(state: ReadyAnalysis, change: InspectorChange): InspectorState {
  if (!('analysisId' in change) || change.analysisId !== state.analysis.analysisId) return state
  switch (change.kind) {
    case 'attention':
      return { ...state, attention: change.maps, detailProblem: undefined }
    case 'similarity':
      return { ...state, similarity: change.map, detailProblem: undefined }
    case 'detail-failed':
      return { ...state, detailProblem: change.problem }
  }
}

/** The state after `change`. A new request always takes the stage, so that no old overlay stays over a new picture. */
export function reduceInspector(state: InspectorState, change: InspectorChange): InspectorState {
  if (change.kind === 'leave') return { phase: 'idle' }
  if (change.kind === 'analyse') return { phase: 'analysing', request: change.request, progress: undefined }
  if (state.phase === 'ready') return reduceReady(state, change)
  if (state.phase !== 'analysing') return state
  switch (change.kind) {
    case 'progress':
      return { ...state, progress: change }
    case 'analysed': {
      const { analysis } = change
      return { phase: 'ready', request: state.request, analysis, attention: analysis.attention, similarity: undefined, detailProblem: undefined }
    }
    case 'failed':
      return { phase: 'failed', request: state.request, problem: change.problem }
    case 'attention':
    case 'similarity':
    case 'detail-failed':
      return state
  }
}
