/** @file Features of the pictures of class folders: a model's vectors, from the store where they are there already, or raw pixels. */
import { EngineError, type EmbedEvent, type EvaluatedFeatures, type FileProblem, type JobContext, type Pooling } from '../../contract'
import { unitVectors } from '../../collection'
import { pooledDim } from '../../inference'
import { contentHash, readSettled } from '../../library'
import { embedLibrary } from '../embed-library'
import type { EngineState } from '../engine-state'
import { modelKeyOf } from '../model-key'
import { describePreparation } from '../prepare-picture'
import type { ClassPicture, ClassSide } from './class-pictures'
import { readPixels } from './pixel-rows'

/** What a side has features of. */
export interface FeaturedSide {
  readonly folder: string
  readonly pictures: readonly ClassPicture[]
  /** float32 `[pictures, dim]` */
  readonly features: Float32Array
}

export interface SideFeatures {
  readonly features: EvaluatedFeatures
  readonly dim: number
  readonly sides: readonly FeaturedSide[]
}

/** Raw pixels are looked at in this size, and where that would take more than half a gigabyte, in the next. */
const pixelEdges = [32, 16, 8] as const
const mostNumbers = 2 ** 27

function requireFeatures({ folder, pictures }: FeaturedSide): void {
  if (pictures.length === 0) throw new EngineError('IMG_CORRUPT', `${folder}: none of its pictures could be used`, { detail: { folder } })
}

/**
 * A model's vectors at its evaluation crop; what has none yet is embedded and kept.
 * @throws EngineError NOT_FOUND for a model that is not there, SOURCE_UNAVAILABLE, IMG_CORRUPT where a side has no picture that can be used, RUNTIME, DISK; the signal's reason
 */
export async function modelSides(state: EngineState, modelId: string, pooling: Pooling, sides: readonly ClassSide[], context: JobContext<EmbedEvent>): Promise<SideFeatures> {
  const { manifest } = await state.models.find(modelId)
  const store = await state.store
  const read = async ({ path }: ClassPicture) => {
    const { bytes } = await readSettled(path)
    return { bytes, hash: await contentHash(bytes) }
  }
  const vectors = await state.backbones.use(modelId, async (backbone) => {
    const table = await store.vectors(modelKeyOf(backbone.manifest))
    for (const { folder, pictures } of sides) {
      const { embedded, imagesPerSecond } = await embedLibrary(backbone, { vectors: table, patches: undefined }, pictures, { read, root: folder }, context)
      if (embedded > 0) state.tellThroughput({ modelId, imagesPerSecond })
    }
    return table
  })
  const dim = pooledDim(manifest.config.dim, pooling)
  const featured: FeaturedSide[] = []
  for (const { folder, pictures } of sides) {
    const { found, matrix } = await vectors.read(pictures.map(({ hash }) => hash), pooling)
    const side = { folder, pictures: Array.from(found, (position) => pictures[position]!), features: unitVectors(matrix, dim, pooling) }
    requireFeatures(side)
    featured.push(side)
  }
  const features = { kind: 'model', modelId, name: manifest.name, sha256: manifest.weights.sha256, pooling, preparation: describePreparation('evaluation', manifest) } as const
  return { features, dim, sides: featured }
}

/** @throws EngineError IMG_CORRUPT where a side has no picture that can be used; the signal's reason */
export async function pixelSides(sides: readonly ClassSide[], context: JobContext<EmbedEvent>): Promise<SideFeatures> {
  const pictures = sides.reduce((sum, side) => sum + side.pictures.length, 0)
  const edge = pixelEdges.find((size) => pictures * 3 * size * size <= mostNumbers) ?? 8
  const onSkipped = (problem: FileProblem): void => { context.emit({ kind: 'skipped', problem }) }
  const featured: FeaturedSide[] = []
  for (const { folder, pictures: all } of sides) {
    const sources = all.map(({ relativePath, path }) => ({ relativePath, read: async () => (await readSettled(path)).bytes }))
    const { features, sources: found } = await readPixels(sources, edge, context, onSkipped)
    const side = { folder, pictures: Array.from(found, (position) => all[position]!), features }
    requireFeatures(side)
    featured.push(side)
  }
  return { features: { kind: 'pixels', edge }, dim: 3 * edge * edge, sides: featured }
}
