/** @file The patch tokens of one picture as rows of a table. */
import type { EmbeddingRows } from '../export'
import type { PatchGrid } from '../inference'

/** @param tokens float32 [height · width, dim], row-major */
export function patchRows(name: string, hash: string, { height, width }: PatchGrid, tokens: Float32Array): EmbeddingRows {
  const count = height * width
  return {
    names: Array<string>(count).fill(name),
    hashes: Array<string>(count).fill(hash),
    places: { rows: Int32Array.from({ length: count }, (_, patch) => Math.floor(patch / width)), columns: Int32Array.from({ length: count }, (_, patch) => patch % width) },
    vectors: tokens,
  }
}
