/** @file `dinoscope project`: where each picture of a folder lies on a map, in one file. */
import { resolve } from 'node:path'
import type { MapQuality, Pooling } from '../../engine/contract'
import { measureMap, projectPca, projectUmap } from '../../engine/collection'
import { embeddingFiles, writePoints } from '../../engine/export'
import { findAppFolders } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { tableFormatOf } from '../table-format'
import { withFolderVectors, type FolderWithVectors } from '../vectors-of-folder'

export interface ProjectOptions extends ModelOptions {
  readonly out: string
  readonly method: 'pca' | 'umap'
  readonly dims: 2 | 3
  readonly pool: Pooling
  readonly neighbours: number
  readonly minDist: number
  readonly seed: number
  readonly raw?: boolean
}

interface ProjectedFolder {
  readonly names: readonly string[]
  /** float32 [names, dims]. */
  readonly coordinates: Float32Array
  /** PCA: share of the variance along each axis. */
  readonly explained: readonly number[] | undefined
  readonly quality: MapQuality | undefined
}

async function projectFolder({ pictures, set, products }: FolderWithVectors, { method, dims, neighbours, minDist, seed }: ProjectOptions, { signal, emit }: CommandContext): Promise<ProjectedFolder> {
  const options = { products, signal, emit }
  const { coordinates, explained } =
    method === 'pca' ? await projectPca(set, dims, options) : { coordinates: await projectUmap(set, { dims, neighbours, minDist, seed }, options), explained: undefined }
  const quality = await measureMap(set, coordinates, dims, { ...options, neighbours, seed })
  return { names: Array.from(set.rows, (row) => pictures[row]!.relativePath), coordinates, explained, quality }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function describe({ names, explained, quality }: ProjectedFolder, { method, dims }: ProjectOptions, files: readonly string[], left: number): readonly string[] {
  const kept = explained === undefined ? [] : [`The axes hold ${explained.map(percent).join(', ')} of the variance.`]
  const near = quality === undefined ? [] : [`Of the ${quality.neighbours} nearest of a picture the map keeps ${percent(quality.preserved)} near it; trustworthiness ${quality.trustworthiness.toFixed(4)}.`]
  return [`${names.length} pictures on a map by ${method === 'pca' ? 'PCA' : 'UMAP'} in ${dims}D, in ${files.join(' and ')}${left === 0 ? '' : ` (${left} left out)`}`, ...kept, ...near]
}

/** Embeds a folder, lays its pictures out and writes where they lie. What cannot be read is told and left out. */
export async function project(folder: string, options: ProjectOptions, context: CommandContext): Promise<CommandResult> {
  const { workspace, pool, method, dims, neighbours, minDist, seed, raw } = options
  const out = resolve(options.out)
  const format = tableFormatOf(out)
  const files = embeddingFiles(out, format)
  for (const file of files) await prepareOutputFile(file)
  return withBackbone(options, context, (backbone, runtime) =>
    withFolderVectors(folder, { workspace, pooling: pool }, backbone, runtime, context, async (vectors) => {
      const projected = await projectFolder(vectors, options, context)
      const { id, name, weights } = backbone.manifest
      const model = { id, name, sha256: weights.sha256 }
      const { names, coordinates, explained, quality } = projected
      // What a method does not look at decides nothing, and is not told.
      const facts = { model, pooling: pool, method, dims, ...(method === 'umap' ? { neighbours, minDist, seed } : { explained }), quality }
      await writePoints(out, format, { dims, names, coordinates, facts, version: findAppFolders().version }, { raw, signal: context.signal })
      context.terminal.result({ files, points: names.length, ...facts, provider: runtime.provider, skipped: vectors.skipped }, describe(projected, options, files, vectors.skipped.length))
      return exitCodes.done
    }),
  )
}
