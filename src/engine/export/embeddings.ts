/** @file One table of embeddings in any of the formats. */
import { rm } from 'node:fs/promises'
import type { EmbeddingFormat, FileProblem } from '../contract'
import { writeArrow } from './arrow'
import { writeCsv, type CsvWriteOptions } from './csv'
import { regroup, type EmbeddingFacts, type RowSource } from './embedding-rows'
import { writeNpyRows } from './npy'
import { writeParquet } from './parquet'
import { rememberNames, sidecarPath, writeSidecar } from './sidecar'

/** Rows in order, and what made them. */
export interface Embeddings extends EmbeddingFacts {
  readonly source: RowSource
  /** Pictures that were left out; read when the rows have ended. */
  readonly skipped: readonly FileProblem[]
}

async function writeNpyWithNames(path: string, { source, skipped, ...facts }: Embeddings, signal: AbortSignal | undefined): Promise<number> {
  const { rows, names } = rememberNames(source)
  const count = await writeNpyRows(path, facts.dim, regroup(rows, facts.dim), signal)
  const { dim, ...told } = facts
  const remembered = names()
  try {
    await writeSidecar(path, { shape: [count, dim], ...told, names: remembered.names, hashes: remembered.hashes, grids: remembered.grids, skipped }, signal)
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined)
    throw error
  }
  return count
}

/**
 * Writes the table to `path`, as its rows come; NPY gets its JSON sidecar beside it, and does not stay without.
 * @returns the number of rows
 * @throws EngineError DISK; what the source throws; the signal's reason when cancelled
 */
export async function writeEmbeddings(path: string, format: EmbeddingFormat, embeddings: Embeddings, options: CsvWriteOptions = {}): Promise<number> {
  const { source, ...facts } = embeddings
  switch (format) {
    case 'csv':
      return writeCsv(path, facts, source, options)
    case 'npy':
      return writeNpyWithNames(path, embeddings, options.signal)
    case 'parquet':
      return writeParquet(path, facts, source, options.signal)
    case 'arrow':
      return writeArrow(path, facts, source, options.signal)
  }
}

/** The files that a format makes of `path`. */
export function embeddingFiles(path: string, format: EmbeddingFormat): readonly string[] {
  return format === 'npy' ? [path, sidecarPath(path)] : [path]
}
