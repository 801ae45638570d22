/** @file `dinoscope segment`: what the pictures of a folder are made of, without a label, as masks and tables. */
import { resolve } from 'node:path'
import type { SegmentExportRequest } from '../../engine/contract'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withEngineFolder } from '../in-engine'
import type { ModelOptions } from '../models'
import { prepareOutputFolder } from '../output'
import { takeExport } from '../take-export'

export type SegmentFiles = SegmentExportRequest['what']

export interface SegmentOptions extends ModelOptions {
  readonly k: number | 'auto'
  readonly out: string
  readonly edges: SegmentExportRequest['edges']
  readonly what: readonly SegmentFiles[]
  readonly seed: number
  readonly raw?: boolean
}

const restarts = 3
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** Embeds a folder with patches, finds segments over all pictures together and writes them. */
export async function segment(folder: string, options: SegmentOptions, context: CommandContext): Promise<CommandResult> {
  const out = resolve(options.out)
  await prepareOutputFolder(out)
  return withEngineFolder(folder, options, context, async ({ client, libraryId, modelId, wait, tell, embedPatches }) => {
    const { skipped: broken } = await embedPatches()
    const { info, segments, tried } = await wait(client['segments.find']({ libraryId, rows: undefined, modelId, segments: options.k, restarts, seed: options.seed }, tell))
    const files: string[] = []
    for (const what of options.what) {
      const exported = await wait(client['segments.export']({ libraryId, segmentationId: info.segmentationId, rows: undefined, what, edges: options.edges, raw: options.raw === true }, tell))
      files.push(...(await takeExport(client, exported, out, context.signal)))
    }
    context.terminal.result({ ...info, segments: segments.map(({ id, name, patches, pictures, tightness }) => ({ id, name, patches, pictures, tightness })), tried, files, skipped: broken }, [
      `${info.segments} segments in ${info.pictures} pictures explain ${percent(info.explained)} of how their patches differ; another seed agrees to ${info.agreement.toFixed(3)} (adjusted Rand index)`,
      ...segments.map(({ name, patches, pictures }) => `${name}: ${patches} patches in ${pictures} pictures`),
      ...files,
    ])
    return exitCodes.done
  })
}
