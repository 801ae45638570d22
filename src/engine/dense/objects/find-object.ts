/** @file The object of a picture that has been looked at. */
import type { FoundObject, ObjectMethod } from '../../contract'
import type { AnalysisState } from '../../inference'
import { coarserFeatures, onFinerGrid } from './coarse-grid'
import { nothingFound } from './found'
import { lost } from './lost'
import { isOneColour } from './one-colour'
import { tokenCut, type ObjectOptions } from './token-cut'

/** Share of the work that running the model once more is, about. */
const running = 0.5

/**
 * Finds the object by the keys of the last block, which take a run of the model; on a coarser grid where there are too many
 * patches to compare, or where the picture was looked at in tiles, whose keys do not see each other.
 * @throws EngineError RUNTIME; the signal's reason
 */
export async function findObject({ backbone, batch, grid, prepared }: AnalysisState, method: ObjectMethod, { onProgress, ...options }: ObjectOptions): Promise<FoundObject> {
  if (isOneColour(prepared.rgb)) return nothingFound(method, grid.height * grid.width, 'the picture is of one colour')
  const keys = await backbone.keys(batch)
  options.signal.throwIfAborted()
  onProgress?.(running)
  const features = coarserFeatures({ keys, dim: backbone.config.dim, grid: batch.grid })
  const found = await (method === 'lost' ? lost : tokenCut)(features, { ...options, onProgress: (share) => onProgress?.(running + (1 - running) * share) })
  return onFinerGrid(found, features.grid, grid)
}
