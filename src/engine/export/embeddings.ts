/** @file One table of embeddings in any of the formats. */
import { rm } from 'node:fs/promises'
import type { EmbeddingFormat } from '../contract'
import { writeCsv, type CsvWriteOptions } from './csv'
import { writeNpyParts } from './npy'
import { writeSidecar, type EmbeddingSidecar } from './sidecar'

/** Rows in order, and what made them. Every vector has `dim` elements. */
export interface Embeddings extends Omit<EmbeddingSidecar, 'file' | 'shape' | 'names'> {
  readonly dim: number
  readonly rows: readonly { readonly name: string; readonly vector: Float32Array }[]
}

/**
 * Writes the table to `path`; NPY gets its JSON sidecar beside it, and does not stay without.
 * @throws EngineError DISK; the signal's reason when cancelled
 */
export async function writeEmbeddings(path: string, format: EmbeddingFormat, embeddings: Embeddings, options: CsvWriteOptions = {}): Promise<void> {
  const { dim, rows, ...facts } = embeddings
  switch (format) {
    case 'csv':
      await writeCsv(path, { dim, rows }, options)
      return
    case 'npy':
      await writeNpyParts(path, { dtype: 'float32', shape: [rows.length, dim], parts: rows.map(({ vector }) => vector) }, options.signal)
      try {
        await writeSidecar(path, { shape: [rows.length, dim], names: rows.map(({ name }) => name), ...facts })
      } catch (error) {
        await rm(path, { force: true }).catch(() => undefined)
        throw error
      }
  }
}
