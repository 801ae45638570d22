/** @file `dinoscope depth`: depth in metres of every picture of a folder, by a head; and the heads of a workspace. */
import { resolve } from 'node:path'
import type { DepthExportRequest } from '../../engine/contract'
import { headInfo, listHeads, readHeadFile, removeHead, writeHead } from '../../engine/weights'
import { defaultWorkspace } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withEngineFolder } from '../in-engine'
import type { ModelOptions } from '../models'
import { prepareOutputFolder } from '../output'
import { takeExport } from '../take-export'
import type { WorkspaceOption } from './models'

export interface DepthOptions extends ModelOptions {
  /** The path of a head, or the id of one of the workspace. */
  readonly head: string
  readonly out: string
  readonly format: DepthExportRequest['format']
  readonly maxDepth?: number
}

export interface HeadOptions extends WorkspaceOption {
  readonly name?: string
  readonly maxDepth?: number
}

/** Where the heads of a workspace lie. */
export const rootOf = ({ workspace }: WorkspaceOption): string => resolve(workspace ?? defaultWorkspace(), 'heads')

/** Writes a map in metres for each picture, or a table of their medians. */
export async function depth(folder: string, options: DepthOptions, context: CommandContext): Promise<CommandResult> {
  const out = resolve(options.out)
  await prepareOutputFolder(out)
  return withEngineFolder(folder, options, context, async ({ client, libraryId, modelId, wait, tell, images }) => {
    const known = (await client['heads.list'](undefined)).find(({ headId }) => headId === options.head)
    const head = known ?? (await wait(client['heads.import']({ path: resolve(options.head), name: undefined, maxDepth: options.maxDepth }, tell)))
    const exported = await wait(client['depth.export']({ libraryId, rows: undefined, modelId, headId: head.headId, format: options.format }, tell))
    const files = await takeExport(client, exported, out, context.signal)
    context.terminal.result({ head, images: exported.images, files, skipped: exported.skipped, imagesPerSecond: exported.imagesPerSecond }, [`${exported.images} of ${images.length} pictures by ${head.name} (${head.note})`, ...files])
    return exitCodes.done
  })
}

/** Every head of the workspace. */
export async function listWorkspaceHeads(options: WorkspaceOption, { terminal }: CommandContext): Promise<CommandResult> {
  const heads = (await listHeads(rootOf(options), (line) => { terminal.note(line) })).map(headInfo)
  terminal.result({ heads }, heads.map(({ headId, name, kind, note }) => `${headId.padEnd(36)} ${kind.padEnd(8)} ${name}: ${note}`))
  return exitCodes.done
}

/** Brings a head into the workspace. */
export async function importHead(path: string, options: HeadOptions, { terminal }: CommandContext): Promise<CommandResult> {
  const { draft, tensors } = await readHeadFile({ path: resolve(path), name: options.name, maxDepth: options.maxDepth })
  const head = headInfo(await writeHead(rootOf(options), draft, tensors))
  terminal.result({ head }, [`${head.name} is there as ${head.headId}: ${head.note}`])
  return exitCodes.done
}

/** Removes a head of the workspace. */
export async function removeWorkspaceHead(headId: string, options: WorkspaceOption, { terminal }: CommandContext): Promise<CommandResult> {
  await removeHead(rootOf(options), headId)
  terminal.result({ removed: headId }, [`Removed ${headId}.`])
  return exitCodes.done
}
