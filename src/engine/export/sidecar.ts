/** @file The JSON beside an array file: which row is which picture, and what made it. */
import { basename } from 'node:path'
import type { FileProblem, Pooling } from '../contract'
import { writeVerified } from './verified-write'

/** What an embedding file cannot say itself. */
export interface EmbeddingSidecar {
  /** Name of the array file, beside this one. */
  readonly file: string
  readonly shape: readonly [rows: number, dim: number]
  readonly pooling: Pooling
  readonly model: { readonly id: string; readonly name: string; readonly sha256: string }
  /** What was done to each picture, in words. */
  readonly preprocessing: string
  /** Paths below the folder, one per row. */
  readonly names: readonly string[]
  readonly skipped: readonly FileProblem[]
}

/** Where the sidecar of `path` lies. */
export function sidecarPath(path: string): string {
  return `${path}.json`
}

/**
 * Writes the sidecar of `path` and reads it back.
 * @throws EngineError DISK when it cannot be written or does not read back
 */
export async function writeSidecar(path: string, sidecar: Omit<EmbeddingSidecar, 'file'>): Promise<void> {
  const content: EmbeddingSidecar = { file: basename(path), ...sidecar }
  await writeVerified(sidecarPath(path), (append) => append(`${JSON.stringify(content, undefined, 2)}\n`))
}
