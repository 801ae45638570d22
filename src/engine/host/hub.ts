/** @file Official models from their servers: what there is, what it would cost here, and how one comes. */
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EngineError, type HeadInfo, type HubDownload, type HubEntry, type JobContext, type Progress } from '../contract'
import { isPartialName } from '../files'
import { addressOf, downloadFile, readCatalogue, type CatalogueEntry } from '../weights'
import type { EngineState } from './engine-state'

const catalogueFile = 'catalogue.json'
/** What of the speed of plain matrix products a whole forward pass of a transformer reaches here. */
const forwardShare = 0.85

/** Where heads go. */
export interface HeadShelf {
  list(): Promise<readonly HeadInfo[]>
  add(path: string, name: string, context: JobContext<Progress>): Promise<HeadInfo>
}

const fileOf = ({ url }: Pick<CatalogueEntry, 'url'>): string => basename(new URL(url).pathname)
const downloadsOf = ({ options }: Pick<EngineState, 'options'>): string => join(options.workspace, 'downloads')

/** Bytes of an unfinished download of a file. */
async function begunBytes(folder: string, file: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const partial = names.find((name) => isPartialName(name) && name.startsWith(`.${file}.download.`))
  return partial === undefined ? 0 : stat(join(folder, partial)).then(({ size }) => size, () => 0)
}

async function entriesOf({ options }: EngineState): Promise<readonly CatalogueEntry[]> {
  return readCatalogue(join(options.resources, catalogueFile))
}

/** @throws EngineError INTERNAL when the program's own catalogue is damaged */
export async function listHub(state: EngineState, shelf: HeadShelf): Promise<readonly HubEntry[]> {
  const [entries, models, heads] = [await entriesOf(state), await state.models.list(), await shelf.list()]
  const macs = await state.macsPerSecond().catch(() => undefined)
  const sources = new Map<string, string>()
  for (const { id, importedFrom } of models) if (importedFrom !== undefined) sources.set(basename(importedFrom), id)
  for (const { headId, importedFrom } of heads) if (importedFrom !== undefined) sources.set(basename(importedFrom), headId)
  return Promise.all(
    entries.map(async (entry): Promise<HubEntry> => {
      const isBackbone = entry.kind === 'backbone'
      return {
        entryId: entry.id,
        kind: entry.kind,
        name: entry.name,
        architecture: isBackbone ? entry.architecture : undefined,
        backbone: isBackbone ? undefined : entry.backbone,
        parameters: entry.parameters,
        bytes: entry.aboutBytes,
        licence: entry.licence,
        goodFor: entry.goodFor,
        knnImageNet: isBackbone ? entry.knnImageNet : undefined,
        imagesPerSecond: isBackbone && macs !== undefined ? (forwardShare * macs) / (entry.gmacs * 1e9) : undefined,
        url: entry.url,
        installed: sources.get(fileOf(entry)),
        begunBytes: await begunBytes(downloadsOf(state), fileOf(entry)),
      }
    }),
  )
}

/**
 * Downloads an entry, makes a model or a head of it and deletes the file. What had come of it before is gone on with.
 * @param mirror address that stands for the official servers; by default `DINOSCOPE_MIRROR`
 * @throws EngineError NOT_FOUND, NETWORK, MODEL_DAMAGED, DISK and what importing throws; the signal's reason
 */
export async function downloadEntry(state: EngineState, shelf: HeadShelf, entryId: string, mirror: string | undefined, context: JobContext<Progress>): Promise<HubDownload> {
  const entry = (await entriesOf(state)).find(({ id }) => id === entryId)
  if (entry === undefined) throw new EngineError('NOT_FOUND', `there is no official model ${JSON.stringify(entryId)}`, { detail: { entryId } })
  const path = join(downloadsOf(state), fileOf(entry))
  await downloadFile({ url: addressOf(entry, mirror ?? process.env['DINOSCOPE_MIRROR']), path, sha256: entry.sha256, sizeBytes: undefined }, context)
  try {
    if (entry.kind === 'backbone') return { modelId: (await state.models.add(path, entry.name, undefined, context)).id, headId: undefined }
    return { modelId: undefined, headId: (await shelf.add(path, entry.name, context)).headId }
  } finally {
    await rm(path, { force: true }).catch(() => undefined)
  }
}
