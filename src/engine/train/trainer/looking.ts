/** @file Looks at pictures with the teacher of the moment: k-NN over class folders, and the probe pictures. */
import { readImageFile, prepareEvaluation } from '../../image'
import { embedImages, knn, liveBackbone, openRowProducts, type Backbone, type EmbedSource } from '../../inference'
import type { Runtime } from '../../runtime'
import type { Tensor } from '../../tensor'
import type { Recipe } from '../recipe'
import type { RunImage } from '../run'
import type { StepSpec, TrainingState } from '../step'
import { knnSplit, prepareProbes, writeProbes, type KnnSplit, type Probe } from '../watch'
import { trainedPreprocessing } from './evaluation-size'

export interface Looking {
  /** Share of the queries whose class their nearest references tell, 0..1; undefined where the pictures lie in no class folders. */
  score(signal: AbortSignal): Promise<number | undefined>
  /** What is scored, in words. */
  readonly scored: string | undefined
  /** Saves attention and PCA of the probe pictures. @throws EngineError DISK */
  probe(step: number): Promise<void>
  release(): Promise<void>
}

const maxReferences = 5000
const maxQueries = 1000
const backbonePrefix = 'backbone.'

export interface LookingOptions {
  readonly runtime: Runtime
  readonly folder: string
  readonly recipe: Recipe
  readonly spec: StepSpec
  readonly state: TrainingState
  readonly images: readonly RunImage[]
}

/** The teacher's backbone as a model like any other, over its living weights. */
function teacherBackbone({ runtime, recipe, spec, state }: LookingOptions): Backbone {
  const tensors = new Map<string, Tensor<'float32'>>()
  for (const [name, tensor] of state.teacher.tensors) if (name.startsWith(backbonePrefix)) tensors.set(name.slice(backbonePrefix.length), tensor)
  const weights = { file: 'model.safetensors', sha256: '', bytes: 0 } as const
  return liveBackbone(runtime, { id: 'teacher', name: 'teacher', config: spec.config, preprocessing: trainedPreprocessing(recipe), trained: true, weights }, tensors)
}

/** Chooses what to look at; the probe pictures are taken into the run's folder at once. */
export async function openLooking(options: LookingOptions): Promise<Looking> {
  const { runtime, folder, recipe, spec, images } = options
  const backbone = teacherBackbone(options)
  const split = knnSplit(images, { seed: recipe.seed, maxReferences, maxQueries })
  const count = recipe.watch.probe_pictures
  const probes: readonly Probe[] =
    count === 0
      ? []
      : await prepareProbes(
          folder,
          images.map(({ path, relativePath }) => ({ relativePath, read: () => readImageFile(path) })),
          { seed: recipe.seed, count, patchSize: spec.config.patchSize, trainedSize: recipe.crops.global_crops_size },
        )
  const rows = split === undefined ? undefined : await openRowProducts(runtime)
  return {
    scored: split === undefined ? undefined : `${split.queries.length} pictures by their ${recipe.watch.knn_k} nearest of ${split.references.length} in ${split.classes.length} class folders`,
    score: async (signal) => {
      if (split === undefined || rows === undefined) return undefined
      const references = await featuresOf(backbone, images, split, split.references, signal)
      const queries = await featuresOf(backbone, images, split, split.queries, signal)
      if (references.labels.length === 0 || queries.labels.length === 0) return undefined
      const { scores } = await knn(references, queries, { dim: spec.config.dim, classes: split.classes, ks: [recipe.watch.knn_k], products: rows.products, signal })
      return scores[0]?.accuracy
    },
    probe: async (step) => {
      if (probes.length === 0) return
      const { mean, std } = backbone.manifest.preprocessing
      await writeProbes(folder, probes, { config: spec.config, preprocessing: { mean, std }, look: (batch, queries) => backbone.look(batch, queries) }, step)
    },
    release: async () => {
      await rows?.release()
      await backbone.dispose()
    },
  }
}

/** CLS features of some pictures; those that cannot be read are left out here as they are in training. */
async function featuresOf(backbone: Backbone, images: readonly RunImage[], split: KnnSplit, chosen: readonly number[], signal: AbortSignal): Promise<{ readonly features: Float32Array; readonly labels: Int32Array }> {
  const { dim, patchSize } = backbone.config
  const vectors = new Map<number, Float32Array>()
  const sources = chosen.map((index): EmbedSource => {
    const image = images[index]
    return {
      relativePath: image?.relativePath ?? '',
      ...(image === undefined ? {} : { sizeBytes: image.sizeBytes }),
      prepare: async () => prepareEvaluation(await readImageFile(image?.path ?? ''), backbone.manifest.preprocessing, patchSize),
    }
  })
  await embedImages(backbone, sources, { pooling: 'cls', signal, onVector: (index, vector) => void vectors.set(index, vector), onSkipped: () => undefined, emit: () => undefined })
  const present = [...vectors.keys()].sort((a, b) => a - b)
  const features = new Float32Array(present.length * dim)
  present.forEach((index, row) => { features.set(vectors.get(index) ?? new Float32Array(dim), row * dim) })
  return { features, labels: Int32Array.from(present, (index) => split.labels[chosen[index] ?? 0] ?? -1) }
}
