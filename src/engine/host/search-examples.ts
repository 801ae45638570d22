/** @file Unit vectors of the pictures that a search is made by, embedded where they have none yet. */
import { EngineError, type SearchRequest } from '../contract'
import { unitVectors } from '../collection'
import { embedBatch, pooledDim } from '../inference'
import { prepareEvaluation, readImageFile, type PreparedImage } from '../image'
import type { EngineState } from './engine-state'

export interface ExampleVectors {
  readonly positive: readonly Float32Array[]
  readonly negative: readonly Float32Array[]
}

/** Pictures in one run of the model, which nothing can interrupt. */
const runPictures = 4

interface Missing {
  readonly bytes: () => Promise<Buffer>
  readonly settle: (vector: Float32Array) => void
}

/** Embeds pictures at the evaluation crop, as the folder's own are. */
async function embedMissing({ backbones }: EngineState, { modelId, pooling }: SearchRequest, missing: readonly Missing[]): Promise<void> {
  if (missing.length === 0) return
  await backbones.use(modelId, async (backbone) => {
    const { preprocessing } = backbone.manifest
    for (let first = 0; first < missing.length; first += runPictures) {
      const part = missing.slice(first, first + runPictures)
      const prepared: PreparedImage[] = await Promise.all(part.map(async ({ bytes }) => prepareEvaluation(await bytes(), preprocessing, backbone.config.patchSize)))
      await new Promise(setImmediate)
      const vectors = await embedBatch(backbone, prepared, pooling)
      part.forEach(({ settle }, index) => { settle(unitVectors(vectors[index]!, pooledDim(backbone.config.dim, pooling), pooling)) })
    }
  })
}

/**
 * @param known the unit vector of a row, where the folder's vectors have one
 * @throws EngineError BAD_REQUEST for a row that the folder has not, NOT_FOUND for an upload that is forgotten, IMG_… for a
 * picture that cannot be decoded
 */
export async function exampleVectors(state: EngineState, request: SearchRequest, known: (row: number) => Float32Array | undefined): Promise<ExampleVectors> {
  const images = state.libraries.images(request.libraryId)
  const vectors: (Float32Array | undefined)[] = []
  const missing: Missing[] = []
  const key = `${request.modelId} ${request.pooling}`
  request.examples.forEach((example, index) => {
    if (example.kind === 'upload') {
      const upload = state.uploads.get(example.uploadId)
      vectors[index] = upload.vectors.get(key)
      if (vectors[index] !== undefined) return
      missing.push({
        bytes: () => Promise.resolve(upload.bytes),
        settle: (vector) => {
          upload.vectors.set(key, vector)
          vectors[index] = vector
        },
      })
      return
    }
    const image = images[example.row]
    if (image === undefined) throw new EngineError('BAD_REQUEST', `search: there is no picture ${example.row}; the folder has ${images.length}`)
    vectors[index] = known(example.row)
    if (vectors[index] !== undefined) return
    missing.push({ bytes: () => readImageFile(image.path), settle: (vector) => { vectors[index] = vector } })
  })
  await embedMissing(state, request, missing)
  const signed = (sign: 1 | -1): Float32Array[] => request.examples.flatMap((example, index) => (example.sign === sign ? [vectors[index]!] : []))
  return { positive: signed(1), negative: signed(-1) }
}
