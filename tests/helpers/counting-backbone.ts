/** @file A backbone whose tokens follow from the pixels by a few lines of arithmetic: quick, and right or wrong at a glance. */
import sharp from 'sharp'
import { embedRuns, type Backbone, type PatchBatch } from '../../src/engine/inference'
import { dinov2Config } from '../../src/engine/nn'
import { prepareEvaluation } from '../../src/engine/image'
import { randomStream } from '../../src/engine/tensor'

const config = { ...dinov2Config('s'), patchSize: 4, dim: 16 }
const preprocessing = { shortEdge: 16, crop: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const

/** 4 × 4 patches of 16 numbers a picture. `seen` counts the pictures that went through it. */
export interface CountingBackbone extends Backbone {
  readonly seen: { pictures: number }
}

function tokensOf({ count, grid, patches }: PatchBatch): { readonly cls: Float32Array; readonly mean: Float32Array; readonly patches: Float32Array } {
  const { dim, patchSize } = config
  const [perPatch, perImage] = [3 * patchSize ** 2, grid.height * grid.width]
  const random = randomStream(5)
  const weights = Float64Array.from({ length: perPatch * dim }, () => random.normal())
  const tokens = new Float32Array(count * perImage * dim)
  const mean = new Float32Array(count * dim)
  for (let patch = 0; patch < count * perImage; patch++)
    for (let column = 0; column < dim; column++) {
      let sum = column / dim
      for (let index = 0; index < perPatch; index++) sum += (patches[patch * perPatch + index] ?? 0) * (weights[index * dim + column] ?? 0)
      tokens[patch * dim + column] = sum
      mean[Math.floor(patch / perImage) * dim + column]! += sum / perImage
    }
  return { patches: tokens, mean, cls: mean.map((value, index) => value * value + (index % dim)) }
}

export interface CountingOptions {
  /** Time that the model takes for a picture. */
  readonly slowMs?: number
  /** Makes the tokens of a run wrong. */
  spoil?(cls: Float32Array): void
  /** Comes at the end of every run, while the next pictures are on their way. */
  onRun?(seenPictures: number): void | Promise<void>
}

export function countingBackbone({ slowMs = 0, spoil, onRun }: CountingOptions = {}): CountingBackbone {
  const seen = { pictures: 0 }
  const run = async (batch: PatchBatch) => {
    if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs * batch.count))
    seen.pictures += batch.count
    const tokens = tokensOf(batch)
    spoil?.(tokens.cls)
    await onRun?.(seen.pictures)
    return tokens
  }
  return {
    seen,
    manifest: { id: 'counting', name: 'Counting', trained: false, config, preprocessing, weights: { file: 'model.safetensors', sha256: 'c'.repeat(64), bytes: 0 } },
    config,
    embed: run,
    embedPatches: run,
    intermediate: () => Promise.reject(new Error('nobody reads its blocks')),
    look: () => Promise.reject(new Error('nobody looks through it')),
    keys: () => Promise.reject(new Error('nobody asks for its keys')),
    dispose: () => Promise.resolve(),
  }
}

/** A file for {@link countingBackbone}: a picture of its own for every number. */
export async function countedPicture(number: number): Promise<Buffer> {
  const random = randomStream(number)
  const [from, to] = [Array.from({ length: 3 }, () => 255 * random.uniform()), Array.from({ length: 3 }, () => 255 * random.uniform())]
  const rgb = Buffer.from(Array.from({ length: 16 * 16 * 3 }, (_, index) => from[index % 3]! + ((to[index % 3]! - from[index % 3]!) * ((index * (1 + (number % 5))) % 768)) / 768))
  return sharp(rgb, { raw: { width: 16, height: 16, channels: 3 } }).png().toBuffer()
}

/** What {@link countingBackbone} makes of one picture. */
export async function countedTokens(bytes: Buffer): Promise<{ readonly cls: Float32Array; readonly mean: Float32Array; readonly patches: Float32Array }> {
  const source = { relativePath: 'picture', prepare: () => prepareEvaluation(bytes, preprocessing, config.patchSize) }
  for await (const [image] of embedRuns(countingBackbone(), [source], { patches: true, signal: new AbortController().signal, onSkipped: () => undefined, emit: () => undefined }))
    if (image?.patches !== undefined) return { cls: image.cls, mean: image.mean, patches: image.patches }
  throw new Error('the picture cannot be decoded')
}
