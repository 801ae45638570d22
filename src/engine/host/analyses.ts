/** @file The pictures looked at last, kept so that clicks on them answer at once. */
import { randomBytes } from 'node:crypto'
import { EngineError } from '../contract'

export interface KeptAnalysis<S> {
  readonly modelId: string
  readonly state: S
}

export interface Analyses<S> {
  /** @returns the id it can be asked for */
  keep(analysis: KeptAnalysis<S>): string
  /** @throws EngineError NOT_FOUND when it was never made or has been forgotten */
  get(analysisId: string): KeptAnalysis<S>
  forgetModel(modelId: string): void
}

/** At most `capacity` analyses; the one not asked for the longest is forgotten first. */
export function createAnalyses<S>(capacity: number): Analyses<S> {
  // In order of use, oldest first.
  const kept = new Map<string, KeptAnalysis<S>>()
  return {
    keep: (analysis) => {
      const analysisId = randomBytes(12).toString('base64url')
      kept.set(analysisId, analysis)
      const [oldest] = kept.keys()
      if (kept.size > capacity && oldest !== undefined) kept.delete(oldest)
      return analysisId
    },
    get: (analysisId) => {
      const analysis = kept.get(analysisId)
      if (analysis === undefined) throw new EngineError('NOT_FOUND', 'this analysis is no longer kept; look at the picture again', { detail: { analysisId } })
      kept.delete(analysisId)
      kept.set(analysisId, analysis)
      return analysis
    },
    forgetModel: (modelId) => {
      for (const [analysisId, analysis] of kept) if (analysis.modelId === modelId) kept.delete(analysisId)
    },
  }
}
