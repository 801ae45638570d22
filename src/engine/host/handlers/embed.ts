/** @file Requests to embed a folder and to fetch the result. */
import { join } from 'node:path'
import type { EmbedRequest, EmbedResult, EngineContract, Handlers, JobContext, EmbedEvent, FileProblem } from '../../contract'
import type { Backbone } from '../../inference'
import { embedToFile } from '../embed-to-file'
import type { EngineState } from '../engine-state'

type EmbedRequests = 'embed.run' | 'embed.file'

async function embed(state: EngineState, backbone: Backbone, request: EmbedRequest, context: JobContext<EmbedEvent>): Promise<EmbedResult> {
  const { libraryId, modelId, pooling, format } = request
  const images = state.libraries.images(libraryId)
  const onSkipped = (problem: FileProblem): void => {
    context.emit({ kind: 'skipped', problem })
  }
  const { exportId, files, result } = await state.exports.create((folder) =>
    embedToFile(backbone, join(folder, `embeddings.${format}`), { images, size: 'evaluation', pooling, format, onSkipped }, context),
  )
  const { embedded, dim, skipped, imagesPerSecond } = result
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
