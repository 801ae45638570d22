/** @file Requests about the structure of a folder: clusters, duplicates, outliers, curation. */
import type { EngineContract, Handlers } from '../../contract'
import { changeClustering, clusterLibrary } from '../cluster-library'
import { findClustering, listClusterings } from '../clustering-view'
import { curationOf, duplicatesOf, outliersOf } from '../compare-library'
import type { EngineState } from '../engine-state'

type StructureRequests = Extract<keyof Handlers<EngineContract>, `structure.${string}`>

/** `structure.*` */
export function structureHandlers(state: EngineState): Pick<Handlers<EngineContract>, StructureRequests> {
  return {
    'structure.cluster': (request, context) => clusterLibrary(state, request, context),
    'structure.clusterings': ({ libraryId }) => listClusterings(state, libraryId),
    'structure.clustering': ({ libraryId, clusteringId }) => findClustering(state, libraryId, clusteringId),
    'structure.change': ({ libraryId, clusteringId, change }) => changeClustering(state, libraryId, clusteringId, change),
    'structure.removeClustering': async ({ clusteringId }) => {
      await state.clusterings.remove(clusteringId)
      return undefined
    },
    'structure.duplicates': (request, context) => duplicatesOf(state, request, context),
    'structure.outliers': (request, context) => outliersOf(state, request, context),
    'structure.curate': (request, context) => curationOf(state, request, context),
  }
}
