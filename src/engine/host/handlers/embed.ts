/** @file Requests to embed a folder and to fetch the result. */
import { join } from 'node:path'
import type { EmbedRequest, EmbedResult, EngineContract, Handlers, JobContext, EmbedEvent } from '../../contract'
import { writeEmbeddings } from '../../export'
import { embedImages, pooledDim, type Backbone } from '../../inference'
import { readImageFile } from '../../image'
import type { EngineState } from '../engine-state'
import { describePreparation, preparePicture } from '../prepare-picture'
import { maxViewPatches } from './view'

type EmbedRequests = 'embed.run' | 'embed.file'

async function embed(state: EngineState, backbone: Backbone, request: EmbedRequest, { signal, emit }: JobContext<EmbedEvent>): Promise<EmbedResult> {
  const { libraryId, modelId, pooling, format } = request
  const { manifest, config } = backbone
  const sources = state.libraries.images(libraryId).map(({ path, relativePath }) => ({
    relativePath,
    prepare: async () => preparePicture(await readImageFile(path), 'evaluation', manifest, maxViewPatches),
  }))
  const vectors: (Float32Array | undefined)[] = sources.map(() => undefined)
  const { embedded, skipped, imagesPerSecond } = await embedImages(backbone, sources, {
    pooling,
    signal,
    emit,
    onVector: (index, vector) => {
      vectors[index] = vector
    },
    onSkipped: (problem) => {
      emit({ kind: 'skipped', problem })
    },
  })
  const dim = pooledDim(config.dim, pooling)
  const rows = sources.flatMap(({ relativePath }, index) => {
    const vector = vectors[index]
    return vector === undefined ? [] : [{ name: relativePath, vector }]
  })
  const { exportId, files } = await state.exports.create((folder) =>
    writeEmbeddings(join(folder, `embeddings.${format}`), format, {
      dim,
      rows,
      pooling,
      model: { id: manifest.id, name: manifest.name, sha256: manifest.weights.sha256 },
      preprocessing: describePreparation('evaluation', manifest),
      skipped,
    }),
  )
  state.tellThroughput({ modelId, imagesPerSecond })
  return { exportId, files, images: embedded, dim, skipped, imagesPerSecond }
}

/** `embed.*` */
export function embedHandlers(state: EngineState): Pick<Handlers<EngineContract>, EmbedRequests> {
  return {
    'embed.run': (request, context) => state.backbones.use(request.modelId, (backbone) => embed(state, backbone, request, context)),
    'embed.file': ({ exportId, name, offset }) => state.exports.read(exportId, name, offset),
  }
}
