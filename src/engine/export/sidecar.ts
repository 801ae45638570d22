/** @file The JSON beside an array file: which row is which picture, and what made it. */
import { basename } from 'node:path'
import type { FileProblem } from '../contract'
import type { EmbeddingFacts, EmbeddingRows, RowSource } from './embedding-rows'
import { writeVerified, type Append } from './verified-write'

/** What an embedding file cannot say itself. */
export interface EmbeddingSidecar extends Omit<EmbeddingFacts, 'dim'> {
  /** Name of the array file, beside this one. */
  readonly file: string
  readonly shape: readonly [rows: number, dim: number]
  /** Paths below the folder: one per row, or one per picture where each row is a patch. */
  readonly names: readonly string[]
  /** sha256 of each picture's bytes, in the order of the names. */
  readonly hashes: readonly string[]
  /** Where each row is a patch: its picture's first row and the patches down and across, in the order of the names; they follow row by row. */
  readonly grids?: readonly PictureGrid[]
  readonly skipped: readonly FileProblem[]
}

type PictureGrid = readonly [firstRow: number, height: number, width: number]

/** What is remembered of rows that have gone by: an entry a picture, not a row. */
export interface RowNames {
  readonly rows: number
  readonly names: readonly string[]
  readonly hashes: readonly string[]
  readonly grids: readonly PictureGrid[] | undefined
}

/** Passes rows on and remembers which pictures they were. */
export function rememberNames(source: RowSource): { readonly rows: RowSource; names(): RowNames } {
  const names: string[] = []
  const hashes: string[] = []
  const grids: PictureGrid[] = []
  let count = 0
  let ofPatches = false
  const remember = (rows: EmbeddingRows): void => {
    const { places } = rows
    ofPatches ||= places !== undefined
    rows.names.forEach((name, index) => {
      const [row, column] = [places?.rows[index] ?? 0, places?.columns[index] ?? 0]
      if (row === 0 && column === 0) {
        names.push(name)
        hashes.push(rows.hashes[index] ?? '')
        grids.push([count + index, 1, 1])
      } else {
        const [first, height, width] = grids.at(-1) ?? [0, 1, 1]
        grids[grids.length - 1] = [first, Math.max(height, row + 1), Math.max(width, column + 1)]
      }
    })
    count += rows.names.length
  }
  async function* pass(): AsyncGenerator<EmbeddingRows> {
    for await (const rows of source) {
      remember(rows)
      yield rows
    }
  }
  return { rows: pass(), names: () => ({ rows: count, names, hashes, grids: ofPatches ? grids : undefined }) }
}

/** Where the sidecar of `path` lies. */
export function sidecarPath(path: string): string {
  return `${path}.json`
}

const itemsAtOnce = 2000

/** A list as JSON, some thousand items at a time: of a million names no single text is made. */
async function appendList(append: Append, key: string, items: readonly unknown[]): Promise<void> {
  await append(`,\n  ${JSON.stringify(key)}: [`)
  for (let start = 0; start < items.length; start += itemsAtOnce) {
    const lines = items.slice(start, start + itemsAtOnce).map((item) => `\n    ${JSON.stringify(item)}`)
    await append(`${start === 0 ? '' : ','}${lines.join(',')}`)
  }
  await append(items.length === 0 ? ']' : '\n  ]')
}

/**
 * Writes the sidecar of `path` and reads it back.
 * @throws EngineError DISK when it cannot be written or does not read back; the signal's reason
 */
export async function writeSidecar(path: string, sidecar: Omit<EmbeddingSidecar, 'file'>, signal?: AbortSignal): Promise<void> {
  const { names, hashes, grids, skipped, ...facts } = sidecar
  await writeVerified(
    sidecarPath(path),
    async (append) => {
      await append(JSON.stringify({ file: basename(path), ...facts }, undefined, 2).replace(/\n\}$/, ''))
      await appendList(append, 'names', names)
      await appendList(append, 'hashes', hashes)
      if (grids !== undefined) await appendList(append, 'grids', grids)
      await appendList(append, 'skipped', skipped)
      await append('\n}\n')
      return undefined
    },
    { signal },
  )
}
