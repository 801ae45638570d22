/** @file Requests of sets.*: being built. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type SetRequests = 'sets.list' | 'sets.create' | 'sets.change' | 'sets.rows' | 'sets.remove' | 'sets.restore' | 'sets.copy'

const missing = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

/** `sets.*` */
export function setHandlers(_state: EngineState): Pick<Handlers<EngineContract>, SetRequests> {
  return {
    'sets.list': missing,
    'sets.create': missing,
    'sets.change': missing,
    'sets.rows': missing,
    'sets.remove': missing,
    'sets.restore': missing,
    'sets.copy': missing,
  }
}
