/** @file Linear heads for depth or classes, trained here on frozen patch tokens; and written as ONNX. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { EngineError, messageOf, toWire, type DepthExportResult, type HeadInfo, type JobContext, type Progress, type TrainHeadEvent, type TrainHeadRequest } from '../contract'
import { pickPatches } from '../collection'
import { labelColour } from '../display'
import { writeVerified } from '../export'
import { buildModel, constant, input } from '../graph'
import { readHeader } from '../image'
import { patchBatch, type Backbone } from '../inference'
import { encodeModel } from '../onnx'
import { linear, reshape } from '../ops'
import { createProgress } from '../progress'
import { randomStreamAt } from '../tensor'
import { headBatch, trainLinearHead, type HeadData } from '../train'
import { readHead, type HeadDraft, type HeadTensors } from '../weights'
import { requireAccess } from './access'
import type { EngineState } from './engine-state'
import { findTargets, patchTargets, readTarget, requireSameShape, targetFor } from './head-targets'
import { maxWholePatches } from './look-at-picture'
import { preparePicture } from './prepare-picture'
import { presentRows } from './row-hashes'
import { openProducts } from './vector-sets'

/** Short edge that pictures are looked at with, as depth of a folder is measured. */
const shortEdge = 224
/** Tokens that are kept to learn from: half a gigabyte. */
const keptNumbers = 2 ** 27
/** Of scores that are sums of some hundred products in single precision. */
const tolerance = 1e-3

type Kind = TrainHeadRequest['kind']

interface Sample extends HeadData {
  readonly hash: string
}

/** Tokens and targets of one picture, of patches whose target is known. */
async function sampleOf(state: EngineState, backbone: Backbone, { id, relativePath }: { readonly id: string; readonly relativePath: string }, path: string, kind: Kind, share: number, seed: number, picture: number): Promise<Sample> {
  const { bytes, hash } = await state.libraries.readBytes(id)
  const prepared = await preparePicture(bytes, shortEdge, backbone.manifest, maxWholePatches)
  const target = await readTarget(path, kind)
  requireSameShape(path, target, await readHeader(bytes))
  const { patchSize, dim } = backbone.config
  const wanted = patchTargets(target, prepared.height / patchSize, prepared.width / patchSize, kind)
  const known = [...wanted.keys()].filter((patch) => !Number.isNaN(wanted[patch]!))
  if (known.length === 0) throw new EngineError('BAD_REQUEST', `${path} says nothing of ${relativePath}: all of it is ${kind === 'depth' ? '0 or no number' : '255'}`, { detail: { path } })
  const { patches } = await backbone.embedPatches(patchBatch(backbone, prepared))
  const chosen = Array.from(pickPatches(known.length, share, seed, picture), (at) => known[at]!)
  const tokens = new Float32Array(chosen.length * dim)
  chosen.forEach((patch, at) => { tokens.set(patches.subarray(patch * dim, (patch + 1) * dim), at * dim) })
  return { hash, tokens, targets: Float32Array.from(chosen, (patch) => wanted[patch]!) }
}

function joined(samples: readonly HeadData[]): HeadData {
  const all = { tokens: new Float32Array(samples.reduce((sum, { tokens }) => sum + tokens.length, 0)), targets: new Float32Array(samples.reduce((sum, { targets }) => sum + targets.length, 0)) }
  let [token, target] = [0, 0]
  for (const { tokens, targets } of samples) {
    all.tokens.set(tokens, token)
    all.targets.set(targets, target)
    token += tokens.length
    target += targets.length
  }
  return all
}

/** By content, so that two files with one picture are never on both sides. */
function heldOut(samples: readonly Sample[], share: number, seed: number): ReadonlySet<string> {
  const rank = (hash: string): string => createHash('sha256').update(`${seed} ${hash}`).digest('hex')
  const hashes = [...new Set(samples.map(({ hash }) => hash))].map((hash) => ({ hash, rank: rank(hash) })).sort((a, b) => a.rank.localeCompare(b.rank))
  const count = share === 0 ? 0 : Math.min(hashes.length - 1, Math.max(1, Math.round(share * hashes.length)))
  return new Set(hashes.slice(0, count).map(({ hash }) => hash))
}

async function readSamples(state: EngineState, request: TrainHeadRequest, { signal, emit }: JobContext<TrainHeadEvent>): Promise<readonly Sample[]> {
  const { libraryId, rows, modelId, kind, targets: folder, seed } = request
  await requireAccess(state.options.root, folder)
  const targets = await findTargets(folder, kind)
  const images = state.libraries.images(libraryId)
  const pairs = Array.from(presentRows(state.libraries, libraryId, rows), (row) => images[row]!).flatMap((image) => {
    const path = targetFor(targets, image.relativePath)
    return path === undefined ? [] : [{ image, path }]
  })
  if (pairs.length === 0) throw new EngineError('NOT_FOUND', `${folder} has no target for any of these pictures: their relative paths must be the same but for the extension`, { detail: { path: folder } })
  const samples: Sample[] = []
  const progress = createProgress('Looking at pictures', pairs.length, emit)
  let reason: string | undefined
  await state.backbones.use(modelId, async (backbone) => {
    const share = Math.max(1, Math.floor(keptNumbers / (pairs.length * backbone.config.dim)))
    for (const [picture, { image, path }] of pairs.entries()) {
      signal.throwIfAborted()
      try {
        samples.push(await sampleOf(state, backbone, image, path, kind, share, seed, picture))
      } catch (error) {
        signal.throwIfAborted()
        if (toWire(error).code === 'RUNTIME') throw error
        const problem = { relativePath: image.relativePath, code: toWire(error).code, reason: messageOf(error) }
        reason ??= problem.reason
        emit({ kind: 'skipped', problem })
      }
      progress.advance(1)
    }
  })
  progress.finish()
  if (samples.length === 0) throw new EngineError('NOT_FOUND', `none of these ${pairs.length} pictures can be learned from; the first: ${reason ?? ''}`, { detail: { path: folder } })
  return samples
}

/**
 * Trains a head and keeps it; what is stopped leaves nothing.
 * @throws EngineError NOT_FOUND where there are no targets, BAD_REQUEST, DISK, RUNTIME; the signal's reason
 */
export async function trainHead(state: EngineState, request: TrainHeadRequest, context: JobContext<TrainHeadEvent>): Promise<HeadInfo> {
  const { modelId, kind, name, epochs, validation: share, seed } = request
  const { signal, emit } = context
  const samples = await readSamples(state, request, context)
  const held = heldOut(samples, share, seed)
  const [training, validation] = [joined(samples.filter(({ hash }) => !held.has(hash))), joined(samples.filter(({ hash }) => held.has(hash)))]
  const { dim } = (await state.models.find(modelId)).manifest.config
  const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, value), 0)
  const outputs = kind === 'depth' ? 1 : 1 + Math.max(largest(training.targets), largest(validation.targets))
  const progress = createProgress('Training the head', epochs * headBatch(training.targets.length).steps, emit)
  const head = await trainLinearHead(training, validation, {
    kind, dim, outputs, epochs, seed, signal,
    runtime: await state.runtime,
    products: await openProducts(state),
    onStep: (steps) => { progress.advance(steps) },
    onMeasured: (step, loss, metrics) => { emit({ kind: 'measured', step, loss, metrics }) },
  })
  progress.finish()
  signal.throwIfAborted()
  const draft: HeadDraft = {
    name,
    kind,
    architecture: kind === 'depth' ? 'regression' : 'bn-linear',
    dim,
    layerCount: 1,
    minDepth: kind === 'depth' ? training.targets.reduce((least, value) => Math.min(least, value), Infinity) : undefined,
    maxDepth: kind === 'depth' ? largest(training.targets) : undefined,
    classes: kind === 'depth' ? [] : Array.from({ length: outputs }, (_, label) => ({ name: `Class ${label}`, colour: [...labelColour(label)] as [number, number, number] })),
    importedFrom: undefined,
    note: `Trained here on ${samples.filter(({ hash }) => !held.has(hash)).length} pictures, measured on ${samples.filter(({ hash }) => held.has(hash)).length} others.`,
    training: { modelId, pictures: samples.filter(({ hash }) => !held.has(hash)).length, validationPictures: samples.filter(({ hash }) => held.has(hash)).length, steps: head.steps, metrics: { ...head.metrics } },
  }
  const tensors: HeadTensors = new Map([
    ['weight', { dtype: 'float32', shape: kind === 'depth' ? [dim] : [outputs, dim], data: head.weight }],
    ['bias', { dtype: 'float32', shape: [outputs], data: head.bias }],
  ])
  return state.heads.keep(draft, tensors)
}

/**
 * Writes a linear head as ONNX: patch tokens in, metres or class scores out.
 * @throws EngineError NOT_FOUND, MODEL_DAMAGED, BAD_REQUEST for a head that is not one linear map of the last block's patch tokens, RUNTIME when the file gives other numbers, DISK
 */
export async function exportHead(state: EngineState, { headId }: { readonly headId: string }, { signal, emit }: JobContext<Progress>): Promise<DepthExportResult> {
  const { manifest, tensors } = await readHead(state.heads.root, headId)
  const [weight, bias] = [tensors.get('weight'), tensors.get('bias')]
  if ((manifest.architecture !== 'regression' && manifest.architecture !== 'bn-linear') || weight === undefined || bias === undefined)
    throw new EngineError('BAD_REQUEST', `${JSON.stringify(manifest.name)} is a head of the kind ${manifest.architecture}; linear heads of patch tokens can be written as ONNX`, { detail: { headId } })
  const outputs = bias.data.length
  const dim = weight.data.length / outputs
  const progress = createProgress('Writing the head', 1, emit)
  const tokens = input('patch_tokens', 'float32', ['patches', dim])
  const scores = linear(tokens, constant({ ...weight, shape: [outputs, dim] }), constant(bias))
  const output = manifest.kind === 'depth' ? 'depth' : 'scores'
  const { model } = buildModel('denseHead', { [output]: manifest.kind === 'depth' ? reshape(scores, ['patches'], scores) : scores }, () => new Uint8Array(0))
  const metadata = {
    name: manifest.name,
    kind: manifest.kind,
    classes: JSON.stringify(manifest.classes.map(({ name }) => name)),
    inputs: `patch_tokens float32 [patches, ${dim}]: after the final norm`,
    outputs: manifest.kind === 'depth' ? `depth float32 [patches]: metres, meant between ${manifest.minDepth ?? 0} and ${manifest.maxDepth ?? Infinity}` : `scores float32 [patches, ${outputs}]: the largest is the class`,
  }
  const started = performance.now()
  const stream = randomStreamAt(1, 'probe', 0)
  const tried = Float32Array.from({ length: 8 * dim }, () => stream.normal())
  const check = async (path: string): Promise<void> => {
    const session = await (await state.runtime).openFile(path)
    try {
      const found = (await session.run({ patch_tokens: { dtype: 'float32', shape: [8, dim], data: tried } }))[output]!.data as Float32Array
      for (let index = 0; index < 8 * outputs; index++) {
        const [row, label] = [Math.floor(index / outputs), index % outputs]
        let [exact, size] = [bias.data[label]!, Math.abs(bias.data[label]!)]
        for (let column = 0; column < dim; column++) {
          const product = weight.data[label * dim + column]! * tried[row * dim + column]!
          exact += product
          size += Math.abs(product)
        }
        if (!(Math.abs(exact - found[index]!) <= tolerance * size + 1e-6)) throw new EngineError('RUNTIME', `${path} gives ${found[index] ?? NaN} where ${exact} is right`, { detail: { headId } })
      }
    } finally {
      await session.release()
    }
  }
  const { exportId, files } = await state.exports.create((folder) =>
    writeVerified(join(folder, `${headId}.onnx`), async (append) => {
      await append(encodeModel({ ...model, metadata }))
      return undefined
    }, { signal, check }),
  )
  progress.advance(1)
  progress.finish()
  return { exportId, files, images: 0, skipped: [], imagesPerSecond: 1000 / Math.max(1, performance.now() - started) }
}
