/** @file `dinoscope embed`: one vector per picture of a folder, in one file. */
import { extname, resolve } from 'node:path'
import type { EmbeddingFormat, FileProblem, Pooling } from '../../engine/contract'
import { sidecarPath } from '../../engine/export'
import { embedToFile, type EmbedFileRequest } from '../../engine/host'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { problemLine, scanPictures } from '../scan'

export interface EmbedOptions extends ModelOptions {
  readonly out: string
  readonly pool: Pooling
  readonly size?: number | 'native'
  readonly raw?: boolean
}

function formatOf(path: string): EmbeddingFormat {
  const extension = extname(path).toLowerCase()
  if (extension === '.csv') return 'csv'
  if (extension === '.npy') return 'npy'
  throw new UsageError(`--out must end in .csv or .npy, not ${JSON.stringify(extension)}`)
}

/** Embeds every picture below `folder`. Those that cannot be read are told and left out; only when none can, it fails. */
export async function embed(folder: string, options: EmbedOptions, context: CommandContext): Promise<CommandResult> {
  const { terminal } = context
  const format = formatOf(options.out)
  const out = resolve(options.out)
  const found = await scanPictures(folder, context)
  const tell = (problem: FileProblem): void => {
    terminal.note(problemLine(problem))
  }
  await prepareOutputFile(out)
  if (format === 'npy') await prepareOutputFile(sidecarPath(out))

  return withBackbone(options, context, async (backbone, runtime) => {
    const request: EmbedFileRequest = { ...found, size: options.size ?? 'evaluation', pooling: options.pool, format, raw: options.raw, onSkipped: tell }
    const { embedded, dim, skipped, imagesPerSecond } = await embedToFile(backbone, out, request, context)
    const { id, name, weights } = backbone.manifest
    const model = { id, name, sha256: weights.sha256 }
    const files = format === 'npy' ? [out, sidecarPath(out)] : [out]
    terminal.result({ files, images: embedded, dim, pooling: options.pool, model, provider: runtime.provider, skipped, imagesPerSecond }, [
      `${embedded} pictures, ${dim} numbers each, in ${files.join(' and ')} (${imagesPerSecond.toFixed(1)}/s${skipped.length === 0 ? '' : `, ${skipped.length} left out`})`,
    ])
    return exitCodes.done
  })
}
