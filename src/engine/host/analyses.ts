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

/** How much analyses may take together. */
export interface AnalysesBudget<S> {
  readonly bytes: number
  sizeOf(state: S): number
}

/** At most `capacity` analyses, and of those the last within the budget; the one not asked for the longest is forgotten first. */
export function createAnalyses<S>(capacity: number, budget?: AnalysesBudget<S>): Analyses<S> {
  // In order of use, oldest first.
  const kept = new Map<string, KeptAnalysis<S>>()
  return {
    keep: (analysis) => {
      const analysisId = randomBytes(12).toString('base64url')
      kept.set(analysisId, analysis)
      let bytes = 0
      for (const { state } of kept.values()) bytes += budget?.sizeOf(state) ?? 0
      for (const [id, { state }] of kept) {
        // The latest is kept whatever it takes: its own request has said how much that is.
        if (id === analysisId || (kept.size <= capacity && bytes <= (budget?.bytes ?? Infinity))) break
        bytes -= budget?.sizeOf(state) ?? 0
        kept.delete(id)
      }
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
