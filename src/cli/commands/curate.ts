/** @file `dinoscope curate`: a smaller, more even set of pictures out of many, as a list or as copies. */
import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Pooling } from '../../engine/contract'
import { planCuration } from '../../engine/collection'
import { copyPictures, worthOf } from '../../engine/host'
import { createProgress } from '../../engine/progress'
import { withVectors, type ComparedFolder, type EmbeddedComparedFolder } from '../compared-folder'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { requireListName, writeNames, writeTable } from '../picture-list'
import { problemLine } from '../scan'

export interface CurateOptions extends ModelOptions {
  readonly target: number
  readonly clusters?: number
  readonly duplicates: number
  readonly seed: number
  readonly pool: Pooling
  readonly out: string
  readonly copyTo?: string
}

/** Clusters when none are asked for: some dozens of pictures in each of a hundred or a thousand. */
function usualClusters(pictures: number): number {
  return Math.max(1, Math.min(1000, Math.round(Math.sqrt(pictures))))
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** Copies what is kept; what cannot be copied is told. */
async function copyKept({ root, pictures }: ComparedFolder, kept: Uint32Array, folder: string, { signal, emit, terminal }: CommandContext): Promise<number> {
  await mkdir(folder, { recursive: true })
  const { copied } = await copyPictures(
    { images: Array.from(kept, (row) => pictures[row]!), root, folder, keepFolders: true },
    {
      signal,
      emit: (event) => {
        if (event.kind === 'progress') emit(event)
        else terminal.note(problemLine(event.problem))
      },
    },
  )
  return copied
}

async function curateCompared(compared: EmbeddedComparedFolder, folder: string, options: CurateOptions, context: CommandContext): Promise<CommandResult> {
  const { pictures, set, products, skipped } = compared
  const { target, duplicates, seed, copyTo } = options
  const out = resolve(options.out)
  const count = set.rows.length
  const clusters = options.clusters ?? usualClusters(count)
  const progress = createProgress('Curating pictures', count, context.emit)
  let done = 0
  const plan = await planCuration(set, {
    products,
    signal: context.signal,
    duplicateSimilarity: duplicates,
    clusters,
    target,
    seed,
    worth: Float64Array.from(set.rows, (row) => worthOf(pictures[row]!)),
    onProgress: (share) => {
      const reached = Math.floor(share * count)
      progress.advance(Math.max(0, reached - done))
      done = Math.max(done, reached)
    },
  })
  progress.finish()
  const kept = Array.from(plan.kept, (row) => pictures[row]!)
  if (out.toLowerCase().endsWith('.txt')) await writeNames(out, kept.map(({ relativePath }) => relativePath))
  else await writeTable(out, ['filename', 'image_hash'], kept.map(({ relativePath, hash }) => [relativePath, hash ?? '']))
  const copied = copyTo === undefined ? undefined : await copyKept(compared, plan.kept, resolve(copyTo), context)

  const perCluster = Array.from({ length: plan.representatives.length }, (_, cluster) => {
    const [before, unique, keeps] = plan.perCluster.subarray(3 * cluster, 3 * cluster + 3)
    return { before, unique, kept: keeps, representative: pictures[plan.representatives[cluster]!]!.relativePath }
  })
  const { evennessBefore, evennessAfter } = plan
  const counts = { pictures: count, duplicates: plan.duplicates.length, balancedAway: plan.balancedAway.length, kept: plan.kept.length }
  context.terminal.result({ folder, target, ...counts, evennessBefore, evennessAfter, perCluster, file: out, copiedTo: copyTo, copied, skipped }, [
    `${counts.kept} of ${counts.pictures} pictures in ${out}: ${counts.duplicates} near-duplicates left out, ${counts.balancedAway} more to balance ${perCluster.length} clusters`,
    `evenness of the clusters ${percent(evennessBefore)} before, ${percent(evennessAfter)} after`,
    ...(copied === undefined ? [] : [`${copied} copied to ${copyTo ?? ''}`]),
    ...(skipped.length === 0 ? [] : [`${skipped.length} could not be read`]),
  ])
  return copied !== undefined && copied < counts.kept ? exitCodes.failed : exitCodes.done
}

/** Plans a curation and writes the list of what it keeps. Originals are never moved or deleted. */
export async function curate(folder: string, options: CurateOptions, context: CommandContext): Promise<CommandResult> {
  requireListName(options.out, ['.txt', '.csv'])
  await prepareOutputFile(resolve(options.out))
  const { workspace, pool: pooling } = options
  return withBackbone(options, context, (backbone, runtime) =>
    withVectors(folder, backbone, runtime, { workspace, pooling }, context, (compared) => curateCompared(compared, folder, options, context)),
  )
}
