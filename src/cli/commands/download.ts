/** @file `dinoscope models download`: an official model from its server, without the app. */
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EngineError } from '../../engine/contract'
import { modelInfo } from '../../engine/host'
import { addressOf, downloadFile, importModel, readCatalogue, type CatalogueEntry } from '../../engine/weights'
import { findAppFolders } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { modelPlaces } from '../models'
import type { WorkspaceOption } from './models'

export interface DownloadOptions extends WorkspaceOption {
  readonly mirror?: string
}

const line = ({ id, name, aboutBytes, goodFor }: CatalogueEntry): string => `${id.padEnd(28)} ${`${Math.round(aboutBytes / 1e6)} MB`.padStart(8)}  ${name}: ${goodFor}`

/** Lists the catalogue, or fetches one entry of it. What broke off before is gone on with. */
export async function download(name: string | undefined, { workspace, mirror }: DownloadOptions, context: CommandContext): Promise<CommandResult> {
  const entries = await readCatalogue(join(findAppFolders().resources, 'catalogue.json'))
  if (name === undefined) {
    context.terminal.result({ entries }, entries.map(line))
    return exitCodes.done
  }
  const entry = entries.find(({ id }) => id === name)
  if (entry === undefined) throw new EngineError('NOT_FOUND', `there is no official model ${JSON.stringify(name)}; "dinoscope models download" lists them`, { detail: { name } })
  if (entry.kind !== 'backbone') throw new EngineError('BAD_REQUEST', `${entry.id} is a head; fetch ${entry.url} and bring it in with "dinoscope heads import"`, { detail: { name } })
  const { bundledFolder, modelsFolder } = modelPlaces(workspace)
  const path = join(modelsFolder, '..', 'downloads', basename(new URL(entry.url).pathname))
  await downloadFile({ url: addressOf(entry, mirror ?? process.env['DINOSCOPE_MIRROR']), path, sha256: entry.sha256, sizeBytes: undefined }, context)
  try {
    const info = modelInfo(await importModel({ source: path, modelsFolder, bundledFolder, name: entry.name }, context), 'imported')
    context.terminal.result({ model: info, source: entry.url }, [`${info.name} is there as ${info.id}: ${info.architecture}, ${(info.parameters / 1e6).toFixed(1)} M parameters.`])
    return exitCodes.done
  } finally {
    await rm(path, { force: true })
  }
}
