/** @file `dinoscope embed`: one vector per picture of a folder, or all its patch tokens, in one file. */
import { resolve } from 'node:path'
import { EngineError, type FileProblem, type PatchCost, type VectorPooling } from '../../engine/contract'
import { embeddingFiles } from '../../engine/export'
import { describePreparation, embedToFile, exportVectors, presence, type StoredTokens } from '../../engine/host'
import type { Backbone } from '../../engine/inference'
import type { Runtime } from '../../engine/runtime'
import { findAppFolders } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { problemLine, scanPictures } from '../scan'
import { tableFormatOf } from '../table-format'
import { embedWorkspaceFolder, withWorkspaceFolder } from '../workspace-folder'

export interface EmbedOptions extends ModelOptions {
  readonly out: string
  readonly pool: VectorPooling
  readonly size?: number | 'native'
  readonly raw?: boolean
}

/** What is told at the end, whichever way the vectors came. */
interface Outcome {
  /** Pictures in the file. */
  readonly images: number
  readonly rows: number
  readonly dim: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
  /** Through a workspace: pictures that were embedded now, and those that had been. */
  readonly embedded?: number
  readonly again?: number
  readonly already?: number
  readonly patchCost?: PatchCost
}

/** Straight from the pictures to the file; nothing is kept. */
async function embedDirectly(folder: string, out: string, options: EmbedOptions, backbone: Backbone, context: CommandContext): Promise<Outcome> {
  const found = await scanPictures(folder, context)
  const onSkipped = (problem: FileProblem): void => {
    context.terminal.note(problemLine(problem))
  }
  const { version } = findAppFolders()
  const { embedded, ...told } = await embedToFile(backbone, out, { ...found, size: options.size ?? 'evaluation', pooling: options.pool, format: tableFormatOf(out), raw: options.raw, version, onSkipped }, context)
  return { images: embedded, ...told }
}

/** Through the index of a workspace: what has vectors is not embedded again. */
async function embedStored(workspace: string, folder: string, out: string, { pool, raw = false }: EmbedOptions, backbone: Backbone, runtime: Runtime, context: CommandContext): Promise<Outcome> {
  return withWorkspaceFolder(resolve(workspace), folder, context, async (opened) => {
    const { embedded, again, already, skipped: broken, patchCost, vectors, patches, products, ...speed } = await embedWorkspaceFolder(opened, backbone, runtime, pool === 'patches', context)
    const skipped = [...opened.skipped, ...broken]
    const isPresent = presence(opened.images)
    const left = new Set(broken.map(({ relativePath }) => relativePath))
    const pictures = opened.images.filter((image) => isPresent(image) && !left.has(image.relativePath))
    if (pictures.length === 0) throw new EngineError('IMG_CORRUPT', `none of the ${opened.images.length} pictures could be embedded`, { detail: { problems: skipped } })
    const tokens: StoredTokens = pool === 'patches' ? { pooling: pool, table: patches, products } : { pooling: pool, table: vectors }
    const { id, name, weights, config } = backbone.manifest
    const facts = { dim: config.dim, model: { id, name, sha256: weights.sha256 }, preprocessing: describePreparation('evaluation', backbone.manifest), version: findAppFolders().version }
    const onSkipped = (problem: FileProblem): void => {
      context.terminal.note(problemLine(problem))
    }
    const { images, rows, dim, skipped: missing } = await exportVectors(out, pictures, tokens, { format: tableFormatOf(out), raw, facts, skipped, onSkipped }, context)
    return { images, rows, dim, skipped: missing, ...speed, embedded, again, already, patchCost }
  })
}

/** What was done, for people. */
function describe({ images, rows, dim, skipped, imagesPerSecond, embedded, again = 0, already, patchCost }: Outcome, files: readonly string[]): readonly string[] {
  const what = rows === images ? `${images} pictures` : `${rows} patches of ${images} pictures`
  const left = skipped.length === 0 ? '' : `, ${skipped.length} left out`
  const how = embedded === undefined ? `${imagesPerSecond.toFixed(1)}/s` : embedded === 0 ? 'all of them had been embedded' : `${embedded} embedded now at ${imagesPerSecond.toFixed(1)}/s${again === 0 ? '' : `, ${again} of them again for their patch tokens`}, ${already ?? 0} before`
  const cost = patchCost === undefined ? [] : [`Patch tokens are kept in ${patchCost.bytesPerImage} bytes a picture; their mean cosine with the exact ones is ${patchCost.meanCosine.toFixed(4)}, the worst percent ${patchCost.worstPercentCosine.toFixed(4)}.`]
  return [`${what}, ${dim} numbers each, in ${files.join(' and ')} (${how}${left})`, ...cost]
}

/** Embeds every picture below `folder`. Those that cannot be read are told and left out; only when none can, it fails. */
export async function embed(folder: string, options: EmbedOptions, context: CommandContext): Promise<CommandResult> {
  const { workspace, size, pool } = options
  const out = resolve(options.out)
  const files = embeddingFiles(out, tableFormatOf(out))
  for (const file of files) await prepareOutputFile(file)
  if (workspace !== undefined && size !== undefined) context.terminal.note('Note: a workspace keeps vectors of the evaluation crop alone; with --size all pictures are embedded, and nothing is kept.')

  return withBackbone(options, context, async (backbone, runtime) => {
    const outcome = workspace === undefined || size !== undefined ? await embedDirectly(folder, out, options, backbone, context) : await embedStored(workspace, folder, out, options, backbone, runtime, context)
    const { id, name, weights } = backbone.manifest
    context.terminal.result({ files, ...outcome, pooling: pool, model: { id, name, sha256: weights.sha256 }, provider: runtime.provider, precision: backbone.manifest.precision }, describe(outcome, files))
    return exitCodes.done
  })
}
