/** @file The linear probe of a set of labels as an ONNX file: written, run, compared with the engine's numbers, and only then given its name. */
import { join } from 'node:path'
import { EngineError, type LabelExportRequest } from '../contract'
import { decodePatches, unitVectors, type ProductOptions } from '../collection'
import { patchProbeGraph, pictureProbeGraph } from '../dense'
import { writeVerified } from '../export'
import type { PatchBasis } from '../library'
import { encodeModel, type OnnxModel } from '../onnx'
import type { Tensor } from '../tensor'
import type { EngineState } from './engine-state'
import { storedPatches } from './label-changes'
import { patchBasisOf, probeOf, type LabelProbe } from './label-probe'
import type { StoredLabels } from './label-states'
import { openProducts, vectorTableOf } from './vector-sets'

/** Scores are sums of some hundred products in single precision. */
const tolerance = 1e-3
/** Pictures that it is tried on. */
const triedPictures = 16

interface Trial {
  readonly graph: OnnxModel
  readonly feeds: Readonly<Record<string, Tensor>>
  /** What the engine looks at instead of the feeds, at unit length. */
  readonly vectors: Float32Array
  readonly inputs: string
}

const rows = (data: Float32Array, dim: number): Tensor => ({ dtype: 'float32', shape: [data.length / dim, dim], data })

async function pictureTrial(state: EngineState, { modelId, state: { pictures } }: StoredLabels, linear: NonNullable<LabelProbe['probe']['linear']>): Promise<Trial> {
  const { dim } = (await state.models.find(modelId)).manifest.config
  const table = await vectorTableOf(state, modelId)
  const hashes = [...pictures.keys()].sort().slice(0, triedPictures)
  const [cls, mean, both] = [await table.read(hashes, 'cls'), await table.read(hashes, 'mean'), await table.read(hashes, 'cls+mean')]
  return {
    graph: pictureProbeGraph(linear, dim),
    feeds: { cls: rows(cls.matrix, dim), mean: rows(mean.matrix, dim) },
    vectors: unitVectors(both.matrix, 2 * dim, 'cls+mean'),
    inputs: `cls, mean float32 [pictures, ${dim}]: the CLS token and the mean of the patch tokens after the final norm`,
  }
}

/** `patchVectors` of unit tokens without rounding to codes: along the axes, and what all have in common across them. */
async function exactVectors(basis: PatchBasis, unit: Float32Array, { products }: ProductOptions): Promise<Float32Array> {
  const { dim, dims } = basis
  const along = await products(unit, basis.axes, dim)
  const ofMean = await products(basis.mean, basis.axes, dim)
  const square = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0)
  const across = Math.sqrt(Math.max(0, square(basis.mean) - square(ofMean)))
  const vectors = new Float32Array((along.length / dims) * (dims + 1))
  for (let row = 0; row < along.length / dims; row++) {
    vectors.set(along.subarray(row * dims, (row + 1) * dims), row * (dims + 1))
    vectors[row * (dims + 1) + dims] = across
  }
  return unitVectors(vectors, dims + 1, 'cls')
}

async function patchTrial(state: EngineState, { modelId, state: { patches } }: StoredLabels, linear: NonNullable<LabelProbe['probe']['linear']>, options: ProductOptions): Promise<Trial> {
  const { basis } = await patchBasisOf(state, modelId)
  const stored = [...(await storedPatches(state, modelId, new Set([...patches.keys()].sort().slice(0, triedPictures)), options.signal)).values()]
  const tokens: Float32Array[] = []
  for (const one of stored) tokens.push(await decodePatches(basis, one, options.products))
  const all = new Float32Array(tokens.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const one of tokens) {
    all.set(one, at)
    at += one.length
  }
  const unit = unitVectors(all, basis.dim, 'cls')
  const vectors = await exactVectors(basis, unit, options)
  return { graph: patchProbeGraph(linear, basis), feeds: { patch_tokens: rows(all, basis.dim) }, vectors, inputs: `patch_tokens float32 [patches, ${basis.dim}]: patch tokens after the final norm` }
}

/**
 * Writes the probe as `labels.onnx` into a folder.
 * @throws EngineError BAD_REQUEST for nearest examples, which are no weights; RUNTIME when the file does not give the engine's numbers; DISK; the signal's reason
 */
export async function writeProbeOnnx(state: EngineState, folder: string, labels: StoredLabels, { subject, method }: LabelExportRequest, signal: AbortSignal): Promise<void> {
  if (method !== 'linear') throw new EngineError('BAD_REQUEST', 'nearest examples have no weights that an ONNX file could hold; choose the linear method to export the head', { detail: { method } })
  const options = { products: await openProducts(state), signal }
  const { probe, ids } = await probeOf(state, labels, { subject, method }, signal)
  const linear = probe.linear!
  const { graph, feeds, vectors, inputs } = subject === 'pictures' ? await pictureTrial(state, labels, linear) : await patchTrial(state, labels, linear, options)
  const { manifest } = await state.models.find(labels.modelId)
  const named = ids.map((id) => labels.state.classes.find((one) => one.id === id)!)
  const metadata = {
    classes: JSON.stringify(named.map(({ name }) => name)),
    colours: JSON.stringify(named.map(({ colour }) => colour)),
    inputs,
    outputs: `scores float32 [${subject}, ${ids.length}]: the largest is the class; softmax gives shares`,
    model: manifest.name,
    model_sha256: manifest.weights.sha256,
    accuracy: probe.accuracy.accuracy === undefined ? 'too few examples to tell' : `${probe.accuracy.accuracy} by cross-validation over ${probe.accuracy.examples} examples in ${probe.accuracy.folds} folds`,
  }
  const path = join(folder, 'labels.onnx')
  const products = await options.products(vectors, linear.weight, vectors.length / rowsOf(feeds))
  await writeVerified(
    path,
    async (append) => {
      await append(encodeModel({ ...graph, metadata }))
      return undefined
    },
    {
      signal,
      check: async (written) => {
        const session = await (await state.runtime).openFile(written)
        try {
          const { scores } = await session.run(feeds)
          const found = scores?.data as Float32Array
          const differences = products.map((value, index) => Math.abs(value + linear.bias[index % ids.length]! - found[index]!) / Math.max(1, Math.abs(found[index]!)))
          const worst = differences.reduce((most, one) => Math.max(most, one), found.length === products.length ? 0 : Infinity)
          if (!(worst <= tolerance)) throw new EngineError('RUNTIME', `${path} does not give the engine's scores: they differ by ${worst.toExponential(1)}`, { detail: { path, worst } })
        } finally {
          await session.release()
        }
      },
    },
  )
}

/** Rows of what is fed. */
const rowsOf = (feeds: Readonly<Record<string, Tensor>>): number => Object.values(feeds)[0]!.shape[0]!
