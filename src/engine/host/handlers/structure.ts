/** @file Requests of structure.*: being built. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type StructureRequests = 'structure.cluster' | 'structure.clusterings' | 'structure.clustering' | 'structure.change' | 'structure.removeClustering' | 'structure.duplicates' | 'structure.outliers' | 'structure.curate'

const missing = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

/** `structure.*` */
export function structureHandlers(_state: EngineState): Pick<Handlers<EngineContract>, StructureRequests> {
  return {
    'structure.cluster': missing,
    'structure.clusterings': missing,
    'structure.clustering': missing,
    'structure.change': missing,
    'structure.removeClustering': missing,
    'structure.duplicates': missing,
    'structure.outliers': missing,
    'structure.curate': missing,
  }
}
