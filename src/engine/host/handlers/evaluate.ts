/** @file Requests to evaluate models on class folders, and for what came out. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { exportEvaluations } from '../evaluation/export-evaluations'
import { runEvaluation } from '../evaluation/run-evaluation'

type EvaluateRequests = Extract<keyof Handlers<EngineContract>, `evaluate.${string}`>

/** `evaluate.*` */
export function evaluateHandlers(state: EngineState): Pick<Handlers<EngineContract>, EvaluateRequests> {
  return {
    'evaluate.run': (request, context) => runEvaluation(state, request, context),
    'evaluate.list': () => state.evaluations.list(),
    'evaluate.remove': async ({ evaluationIds }) => {
      for (const evaluationId of evaluationIds) await state.evaluations.remove(evaluationId)
      return undefined
    },
    'evaluate.export': (request) => exportEvaluations(state, request),
  }
}
