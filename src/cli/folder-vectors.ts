/** @file Vectors of every picture below a folder that a command was given, for commands that compare pictures. */
import { EngineError, type FileProblem, type Pooling } from '../engine/contract'
import { unitVectors, type VectorSet } from '../engine/collection'
import { prepareEvaluation, readImageFile } from '../engine/image'
import { embedImages, pooledDim, type Backbone } from '../engine/inference'
import type { ScannedImage } from '../engine/library'
import type { CommandContext } from './context'
import { problemLine, scanPictures } from './scan'

export interface FolderVectors {
  /** All pictures that were found; rows of the set point into them. */
  readonly images: readonly ScannedImage[]
  readonly set: VectorSet
  readonly skipped: readonly FileProblem[]
}

/**
 * Embeds a folder in memory, at the evaluation crop. What cannot be read is told and left out.
 * @param onRead sees the bytes of each picture, so that nobody reads it twice; what it throws leaves the picture out
 * @throws EngineError NOT_FOUND when there is no picture in it, IMG_CORRUPT when none can be embedded, SOURCE_UNAVAILABLE, RUNTIME;
 * the signal's reason
 */
export async function embedFolder(
  folder: string,
  pooling: Pooling,
  backbone: Backbone,
  context: CommandContext,
  onRead: (row: number, bytes: Buffer) => Promise<void> = () => Promise.resolve(),
): Promise<FolderVectors> {
  const { images, skipped: left } = await scanPictures(folder, context)
  const { preprocessing } = backbone.manifest
  const dim = pooledDim(backbone.config.dim, pooling)
  const matrix = new Float32Array(images.length * dim)
  const rows: number[] = []
  const sources = images.map(({ path, relativePath, sizeBytes }, row) => ({
    relativePath,
    sizeBytes,
    prepare: async () => {
      const bytes = await readImageFile(path)
      const prepared = await prepareEvaluation(bytes, preprocessing, backbone.config.patchSize)
      await onRead(row, bytes)
      return prepared
    },
  }))
  const { skipped } = await embedImages(backbone, sources, {
    pooling,
    signal: context.signal,
    emit: context.emit,
    onSkipped: (problem) => {
      context.terminal.note(problemLine(problem))
    },
    onVector: (row, vector) => {
      matrix.set(vector, rows.length * dim)
      rows.push(row)
    },
  })
  const problems = [...left, ...skipped]
  if (rows.length === 0) throw new EngineError('IMG_CORRUPT', `none of the ${images.length} pictures in ${folder} could be embedded`, { detail: { problems } })
  return { images, skipped: problems, set: { dim, rows: Uint32Array.from(rows), matrix: unitVectors(matrix.subarray(0, rows.length * dim), dim, pooling) } }
}
