/** @file Requests to embed a library, to ask what is embedded, and to take vectors away as a file. */
import { join } from 'node:path'
import type { EmbedEvent, EmbedResult, EngineContract, ExportVectorsRequest, Handlers, JobContext, VectorStatus } from '../../contract'
import type { ModelKey } from '../../library'
import { embedRows, picturesOf } from '../embed-rows'
import type { EngineState } from '../engine-state'
import { exportVectors, type StoredTokens } from '../export-vectors'
import { modelKeyOf } from '../model-key'
import { describePreparation } from '../prepare-picture'
import { presence } from '../row-hashes'

type EmbedRequests = 'embed.status' | 'embed.run' | 'embed.export' | 'embed.file'

const sameKey = (a: ModelKey, b: ModelKey): boolean => a.sha256 === b.sha256 && a.dim === b.dim && a.preprocessing === b.preprocessing

/** How many pictures of a folder have vectors, of every model that is there and has any. */
async function statusOf({ store, models, libraries }: EngineState, libraryId: string): Promise<readonly VectorStatus[]> {
  const images = libraries.images(libraryId)
  const hashes = images.filter(presence(images)).flatMap(({ hash }) => hash ?? [])
  const [opened, infos, folders] = [await store, await models.list(), await models.folders()]
  const stored = await opened.models()
  const statuses = await Promise.all(
    infos.map(async ({ id: modelId }, index): Promise<VectorStatus | undefined> => {
      const manifest = folders[index]?.manifest
      const key = manifest && modelKeyOf(manifest)
      if (key === undefined || !stored.some((one) => sameKey(one, key))) return undefined
      const [vectors, patches] = [await (await opened.vectors(key)).hashes(), await (await opened.patches(key)).hashes()]
      return { modelId, images: hashes.filter((hash) => vectors.has(hash)).length, withPatches: hashes.filter((hash) => vectors.has(hash) && patches.has(hash)).length }
    }),
  )
  return statuses.filter((status) => status !== undefined)
}

async function storedTokens(state: EngineState, key: ModelKey, pooling: ExportVectorsRequest['pooling']): Promise<StoredTokens> {
  const store = await state.store
  return pooling === 'patches' ? { pooling, table: await store.patches(key), products: await state.rowProducts() } : { pooling, table: await store.vectors(key) }
}

async function exportTo(state: EngineState, request: ExportVectorsRequest, context: JobContext<EmbedEvent>): Promise<EmbedResult> {
  const { libraryId, rows, modelId, pooling, format, raw } = request
  const pictures = picturesOf(state, libraryId, rows)
  const { manifest } = await state.models.find(modelId)
  const model = { id: modelId, name: manifest.name, sha256: manifest.weights.sha256 }
  const facts = { dim: manifest.config.dim, model, preprocessing: describePreparation('evaluation', manifest), version: state.options.version }
  const tokens = await storedTokens(state, modelKeyOf(manifest), pooling)
  const onSkipped = (problem: EmbedResult['skipped'][number]): void => {
    context.emit({ kind: 'skipped', problem })
  }
  const name = `${pooling === 'patches' ? 'patches' : 'embeddings'}.${format}`
  const { exportId, files, result } = await state.exports.create((folder) => exportVectors(join(folder, name), pictures, tokens, { format, raw, facts, onSkipped }, context))
  const { images, dim, skipped, imagesPerSecond } = result
  return { exportId, files, images, dim, skipped, imagesPerSecond }
}

/** `embed.*` */
export function embedHandlers(state: EngineState): Pick<Handlers<EngineContract>, EmbedRequests> {
  return {
    'embed.status': ({ libraryId }) => statusOf(state, libraryId),
    'embed.run': (request, context) => embedRows(state, request, context),
    'embed.export': (request, context) => exportTo(state, request, context),
    'embed.file': ({ exportId, name, offset }) => state.exports.read(exportId, name, offset),
  }
}
