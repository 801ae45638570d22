/** @file The points of a map as a table: which picture lies where. */
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import type { EmbeddingFormat } from '../contract'
import { saveFile } from '../files'
import { numbersOf, textOf, writeArrowTable } from './arrow'
import { csvNumber, csvText, type CsvWriteOptions } from './csv'
import { writeNpyParts } from './npy'
import { floatOf, stringOf, writeParquetTable } from './parquet'
import { sidecarPath } from './sidecar'
import { writeVerified } from './verified-write'

/** Points in order, and what made them. */
export interface MapPoints {
  readonly dims: 2 | 3
  /** Path of each picture below its folder. */
  readonly names: readonly string[]
  /** float32 [names, dims]. */
  readonly coordinates: Float32Array
  /** What files with room for it say about the whole, as plain data. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Of the program. */
  readonly version: string
}

/** Points at once: some milliseconds of work. */
const groupSize = 8192

interface Group {
  readonly names: readonly string[]
  /** Of each axis, float32 [names]. */
  readonly axes: readonly Float32Array[]
}

function axesOf(dims: 2 | 3): readonly string[] {
  return ['x', 'y', 'z'].slice(0, dims)
}

async function* groupsOf({ dims, names, coordinates }: MapPoints): AsyncGenerator<Group> {
  for (let from = 0; from < names.length; from += groupSize) {
    await new Promise(setImmediate)
    const part = names.slice(from, from + groupSize)
    yield { names: part, axes: Array.from({ length: dims }, (_, axis) => Float32Array.from(part, (_name, index) => coordinates[(from + index) * dims + axis]!)) }
  }
}

const count = ({ names }: Group): number => names.length

function textPairs({ facts, version }: MapPoints): readonly (readonly [string, string])[] {
  return [['dinoscope.version', version], ...Object.entries(facts).map(([key, value]) => [`dinoscope.${key}`, typeof value === 'string' ? value : JSON.stringify(value)] as const)]
}

async function writeCsvPoints(path: string, points: MapPoints, { signal, ...options }: CsvWriteOptions): Promise<void> {
  await writeVerified(
    path,
    async (append) => {
      await append(`${['filename', ...axesOf(points.dims)].join(',')}\n`)
      for await (const { names, axes } of groupsOf(points)) await append(names.map((name, index) => `${[csvText(name, options), ...axes.map((axis) => csvNumber(axis[index]!))].join(',')}\n`).join(''))
      return undefined
    },
    { signal },
  )
}

async function writeNpyPoints(path: string, { dims, names, coordinates, facts, version }: MapPoints, signal: AbortSignal | undefined): Promise<void> {
  const shape = [names.length, dims] as const
  await writeNpyParts(path, { dtype: 'float32', shape, parts: [coordinates] }, signal)
  const written = saveFile(sidecarPath(path), `${JSON.stringify({ file: basename(path), shape, columns: axesOf(dims), version, ...facts, names }, undefined, 2)}\n`)
  await written.catch(async (error: unknown) => {
    // Coordinates of nobody knows what are no result.
    await rm(path, { force: true }).catch(() => undefined)
    throw error
  })
}

/**
 * Writes the points as columns `filename`, `x`, `y` and, in three dimensions, `z`; NPY holds the coordinates alone, and the
 * JSON beside it the names.
 * @throws EngineError DISK; the signal's reason when cancelled
 */
export async function writePoints(path: string, format: EmbeddingFormat, points: MapPoints, options: CsvWriteOptions = {}): Promise<void> {
  const { signal } = options
  switch (format) {
    case 'csv':
      return writeCsvPoints(path, points, options)
    case 'npy':
      return writeNpyPoints(path, points, signal)
    case 'parquet': {
      const columns = [stringOf<Group>('filename', ({ names }) => names), ...axesOf(points.dims).map((name, axis) => floatOf<Group>(name, ({ axes }) => axes[axis]!))]
      await writeParquetTable(path, { columns, pairs: textPairs(points), version: points.version, count }, groupsOf(points), signal)
      return
    }
    case 'arrow': {
      const columns = [textOf<Group>('filename', ({ names }) => names), ...axesOf(points.dims).map((name, axis) => numbersOf<Group>(name, ({ axes }) => axes[axis]!))]
      await writeArrowTable(path, { columns, pairs: textPairs(points), count }, groupsOf(points), signal)
    }
  }
}
