/** @file `dinoscope dedupe`: groups of pictures that are the same, and which one of each is worth keeping. Nothing is deleted. */
import { resolve } from 'node:path'
import type { Pooling } from '../../engine/contract'
import { findDuplicates, looksOf } from '../../engine/collection'
import { groupDuplicates, rowToKeep, type DuplicateGroup } from '../../engine/display'
import { createRuntime } from '../../engine/runtime'
import { withLooks, withVectors, type ComparedFolder } from '../compared-folder'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { requireListName, writeTable } from '../picture-list'

const dedupeGrades = ['same', 'encoded', 'similar'] as const
type DedupeGrade = (typeof dedupeGrades)[number]

export interface DedupeOptions extends ModelOptions {
  readonly grade: DedupeGrade
  readonly threshold: number
  readonly pool: Pooling
  readonly prefer?: string
  readonly out?: string
}

interface NamedGroup {
  readonly grade: DedupeGrade
  readonly similarity: number
  readonly keep: string
  readonly others: readonly string[]
}

const gradeNames: Readonly<Record<DedupeGrade, string>> = { same: 'the same bytes', encoded: 'the same picture', similar: 'a similar scene' }

function named({ rows, leastSimilarity, grade }: DuplicateGroup, pictures: ComparedFolder['pictures'], prefer: string | undefined): NamedGroup {
  const facts = (row: number) => {
    const { width, height, sizeBytes, relativePath } = pictures[row]!
    return { pixels: width * height, sizeBytes, relativePath }
  }
  const keep = rowToKeep(rows, facts, prefer)
  const pathOf = (row: number): string => pictures[row]!.relativePath
  return { grade: dedupeGrades[grade]!, similarity: leastSimilarity, keep: pathOf(keep), others: Array.from(rows.filter((row) => row !== keep), pathOf) }
}

function describe({ grade, similarity, keep, others }: NamedGroup): readonly string[] {
  const how = grade === 'same' ? '' : `, ${similarity.toFixed(4)}`
  return [`${1 + others.length} pictures, ${gradeNames[grade]}${how}`, `  keep  ${keep}`, ...others.map((other) => `        ${other}`)]
}

async function finish({ pictures, set, products, skipped }: ComparedFolder, folder: string, options: DedupeOptions, context: CommandContext): Promise<CommandResult> {
  const { grade, threshold, prefer, out } = options
  // Gone files are none of two copies.
  const rows = Uint32Array.from(pictures.keys()).filter((row) => !pictures[row]!.gone)
  const hashes = Array.from(rows, (row) => pictures[row]!.hash)
  // Bytes alone need neither looks nor vectors.
  const looks = looksOf(Array.from(rows, (row) => (grade === 'same' ? undefined : pictures[row]!.look)))
  const pairs = await findDuplicates({ rows, hashes, looks }, set, { products, signal: context.signal, floor: grade === 'similar' ? threshold : 1 })
  const wanted = Array.from(dedupeGrades.keys()).slice(0, dedupeGrades.indexOf(grade) + 1)
  const groups = groupDuplicates(pairs, wanted, threshold).map((group) => named(group, pictures, prefer))
  const extra = groups.reduce((sum, { others }) => sum + others.length, 0)
  if (out !== undefined)
    await writeTable(resolve(out), ['group', 'keep', 'filename', 'grade', 'similarity'], groups.flatMap(({ keep, others, ...group }, index) => [keep, ...others].map((name, place) => [index + 1, place === 0 ? 'keep' : 'duplicate', name, group.grade, group.similarity])))
  context.terminal.result({ folder, grade, threshold: grade === 'similar' ? threshold : undefined, pictures: rows.length, duplicates: extra, groups, withoutVectors: set === undefined ? undefined : pairs.withoutVectors, pairsLeftOut: pairs.leftOut, file: out, skipped }, [
    ...groups.flatMap(describe),
    `${rows.length} pictures, ${groups.length} groups, ${extra} more than one of each${skipped.length === 0 ? '' : `, ${skipped.length} left out`}`,
  ])
  return exitCodes.done
}

/**
 * Prints groups of duplicates of a grade and all stricter ones. Looks alone tell pictures that were encoded again, strictly;
 * with a model that is named, looks and vectors do, which finds more.
 */
export async function dedupe(folder: string, options: DedupeOptions, context: CommandContext): Promise<CommandResult> {
  if (options.out !== undefined) {
    requireListName(options.out, ['.csv'])
    await prepareOutputFile(resolve(options.out))
  }
  const { grade, workspace, pool: pooling } = options
  if (grade === 'similar' || (grade === 'encoded' && options.model !== undefined))
    return withBackbone(options, context, (backbone, runtime) => withVectors(folder, backbone, runtime, { workspace, pooling }, context, (compared) => finish(compared, folder, options, context)))
  const runtime = await createRuntime({ preferred: options.provider, threads: options.threads })
  try {
    return await withLooks(folder, runtime, { workspace, bytesAlone: grade === 'same' }, context, (compared) => finish(compared, folder, options, context))
  } finally {
    await runtime.dispose()
  }
}
