/** @file `dinoscope search`: the pictures of a folder most like a picture. */
import { resolve } from 'node:path'
import { EngineError, messageOf, type Pooling } from '../../engine/contract'
import { searchQuery, searchVectors, unitVectors } from '../../engine/collection'
import { prepareEvaluation, readImageFile } from '../../engine/image'
import { embedBatch, pooledDim, type Backbone } from '../../engine/inference'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { withFolderVectors } from '../vectors-of-folder'

export interface SearchOptions extends ModelOptions {
  readonly top: number
  readonly pool: Pooling
  /** Pictures that push away. */
  readonly not?: readonly string[]
}

/** The unit vector of one picture file. @throws EngineError IMG_…, NOT_A_FILE or SOURCE_UNAVAILABLE naming it */
async function vectorOf(backbone: Backbone, path: string, pooling: Pooling): Promise<Float32Array> {
  try {
    const prepared = await prepareEvaluation(await readImageFile(path), backbone.manifest.preprocessing, backbone.config.patchSize)
    const [vector] = await embedBatch(backbone, [prepared], pooling)
    return unitVectors(vector ?? new Float32Array(0), pooledDim(backbone.config.dim, pooling), pooling)
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError(error.code, `${path}: ${messageOf(error)}`, { detail: { ...error.detail, path }, cause: error })
    throw error
  }
}

/** Looks at the query before the folder, so that a wrong one is told at once. A query that lies in the folder is found too. */
export async function search(query: string, folder: string, { top, pool, not = [], ...options }: SearchOptions, context: CommandContext): Promise<CommandResult> {
  const { workspace } = options
  return withBackbone(options, context, async (backbone, runtime) => {
    const positive = await vectorOf(backbone, query, pool)
    const negative: Float32Array[] = []
    for (const path of not) negative.push(await vectorOf(backbone, path, pool))
    const vector = searchQuery([positive], negative)

    const { searched, results, skipped } = await withFolderVectors(folder, { workspace, pooling: pool }, backbone, runtime, context, async ({ pictures, set, products, skipped: left }) => {
      const { rows, cosines } = await searchVectors(set, vector, { top, without: new Set(), products, signal: context.signal })
      const found = Array.from(rows, (row, index) => {
        const { relativePath } = pictures[row]!
        return { rank: index + 1, score: cosines[index]!, path: resolve(folder, relativePath), relativePath }
      })
      return { searched: set.rows.length, results: found, skipped: left }
    })
    const { id, name, weights } = backbone.manifest
    context.terminal.result(
      { query, not, folder, model: { id, name, sha256: weights.sha256 }, pooling: pool, provider: runtime.provider, precision: backbone.manifest.precision, searched, results, skipped },
      results.map(({ rank, score, relativePath }) => `${String(rank).padStart(4)}  ${score.toFixed(4)}  ${relativePath}`),
    )
    return exitCodes.done
  })
}
