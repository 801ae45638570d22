/** @file Requests of search.*: being built. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type SearchRequests = 'search.images' | 'search.upload' | 'search.patches' | 'search.buildIndex' | 'search.index'

const missing = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

/** `search.*` */
export function searchHandlers(_state: EngineState): Pick<Handlers<EngineContract>, SearchRequests> {
  return {
    'search.images': missing,
    'search.upload': missing,
    'search.patches': missing,
    'search.buildIndex': missing,
    'search.index': missing,
  }
}
