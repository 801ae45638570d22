/** @file Requests of map.*: being built. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type MapRequests = 'map.project' | 'map.stored' | 'map.load'

const missing = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

/** `map.*` */
export function mapHandlers(_state: EngineState): Pick<Handlers<EngineContract>, MapRequests> {
  return {
    'map.project': missing,
    'map.stored': missing,
    'map.load': missing,
  }
}
