/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type HeadRequests = 'view.depth' | 'view.classes' | 'heads.list' | 'heads.import' | 'heads.rename' | 'heads.remove' | 'heads.train' | 'heads.export' | 'depth.run' | 'depth.numbers' | 'depth.export'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function headHandlers(_state: EngineState): Pick<Handlers<EngineContract>, HeadRequests> {
  return {
    'view.depth': notYet,
    'view.classes': notYet,
    'heads.list': notYet,
    'heads.import': notYet,
    'heads.rename': notYet,
    'heads.remove': notYet,
    'heads.train': notYet,
    'heads.export': notYet,
    'depth.run': notYet,
    'depth.numbers': notYet,
    'depth.export': notYet,
  }
}
