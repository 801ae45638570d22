/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type LabelRequests = 'labels.list' | 'labels.create' | 'labels.change' | 'labels.remove' | 'labels.predict' | 'labels.picture' | 'labels.export'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function labelHandlers(_state: EngineState): Pick<Handlers<EngineContract>, LabelRequests> {
  return {
    'labels.list': notYet,
    'labels.create': notYet,
    'labels.change': notYet,
    'labels.remove': notYet,
    'labels.predict': notYet,
    'labels.picture': notYet,
    'labels.export': notYet,
  }
}
