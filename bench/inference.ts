/** @file Speed of the forward pass and of the whole way from JPEG files to vectors. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Precision } from '../src/engine/contract'
import { embedImages, loadBackbone, offeredPrecisions, type Backbone, type PatchBatch } from '../src/engine/inference'
import { prepareEvaluation, readImageFile } from '../src/engine/image'
import { dinov2Config, forwardMacs, initialParameters } from '../src/engine/nn'
import type { Runtime } from '../src/engine/runtime'
import { randomStream } from '../src/engine/tensor'
import { defaultPreprocessing, readSafetensorsIndex, writeSafetensors, type VitModelFolder } from '../src/engine/weights'
import { peakRssMb, quantile, type Measurement } from './report'
import type { Roofline } from './roofline'

const config = dinov2Config('s')
const side = 224 / config.patchSize
const gigaflopsPerImage = (2 * forwardMacs(config, side * side)) / 1e9
const rounds = 10
const fileRounds = 3
const filesToEmbed = 64

/** A model folder of random weights of the official size; speed does not depend on their values. */
async function randomModel(folder: string): Promise<VitModelFolder> {
  const path = join(folder, 'model.safetensors')
  await writeSafetensors(path, initialParameters(config, 1))
  return {
    folder,
    weights: await readSafetensorsIndex(path),
    manifest: {
      schema: 1,
      id: 'bench',
      name: 'bench',
      description: 'Random weights for measuring speed.',
      trained: false,
      config,
      preprocessing: defaultPreprocessing,
      parameters: 0,
      weights: { file: 'model.safetensors', sha256: '', bytes: 0 },
      provenance: { source: 'bench', kind: 'random', unexpectedKeys: [], importedAt: '' },
    },
  }
}

function randomBatch(count: number): PatchBatch {
  const random = randomStream(2)
  return { count, grid: { height: side, width: side }, patches: Float32Array.from({ length: count * side * side * 3 * config.patchSize ** 2 }, () => random.uniform() - 0.5) }
}

/** Best of several rates, with the roofline measured between them so that both meet the same disturbances. */
async function bestRate(times: number, roofline: Roofline, rate: () => Promise<number>): Promise<number> {
  let best = 0
  for (let round = 0; round < times; round++) {
    await roofline.measure()
    best = Math.max(best, await rate())
  }
  return best
}

/** Rate of one run of the model alone, images per second. */
async function forwardRate(backbone: Backbone, batch: PatchBatch): Promise<number> {
  const start = performance.now()
  await backbone.embed(batch)
  return (1000 * batch.count) / (performance.now() - start)
}

/** Rate of embedding the sample photos again and again, decode included, images per second. */
async function filesRate(backbone: Backbone, samplesFolder: string): Promise<number> {
  const photos = (await readdir(samplesFolder)).filter((name) => name.endsWith('.jpg')).map((name) => join(samplesFolder, name))
  const sources = Array.from({ length: filesToEmbed }, (_, index) => {
    const path = photos[index % photos.length] ?? ''
    return { relativePath: path, prepare: async () => prepareEvaluation(await readImageFile(path), defaultPreprocessing, config.patchSize) }
  })
  const { imagesPerSecond } = await embedImages(backbone, sources, {
    pooling: 'cls',
    signal: new AbortController().signal,
    onVector: () => undefined,
    onSkipped: (problem) => {
      throw new Error(`${problem.relativePath}: ${problem.reason}`)
    },
    emit: () => undefined,
  })
  return imagesPerSecond
}

/**
 * Another precision beside fp32, run in turns on batches of 8: its best rate, and the median of how many times as fast it was, which a
 * disturbance of both leaves as it is. The roofline is that of float32 products and says nothing here.
 */
async function benchPrecision(runtime: Runtime, { manifest, weights }: VitModelFolder, exact: Backbone, precision: Precision): Promise<Measurement[]> {
  const own = loadBackbone(runtime, { manifest: { ...manifest, precision }, weights })
  const batch = randomBatch(8)
  for (const backbone of [exact, own]) await backbone.embed(batch)
  const rates: number[] = []
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [exactRate, ownRate] = [await forwardRate(exact, batch), await forwardRate(own, batch)]
    rates.push(ownRate)
    ratios.push(ownRate / exactRate)
  }
  await own.dispose()
  const name = `dinov2-vits14 ${precision}`
  return [
    { name: `${name} forward, 224 px, batch 8`, value: Math.max(...rates), unit: 'img/s', peakRssMb: peakRssMb() },
    { name: `${name} over fp32, median`, value: quantile(ratios, 0.5), unit: '×', peakRssMb: peakRssMb() },
  ]
}

/** DINOv2 ViT-S/14 at 224 px: forward alone for batches of 1 and 8, from files to vectors, and in the other precisions of the provider. */
export async function benchInference(runtime: Runtime, roofline: Roofline, samplesFolder: string): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dinoscope-bench-'))
  try {
    const model = await randomModel(folder)
    const backbone = loadBackbone(runtime, model)
    const measured: Measurement[] = []
    const add = (name: string, value: number): void => {
      measured.push({ name: `dinov2-vits14 ${name}`, value, unit: 'img/s', gigaflopsPerUnit: gigaflopsPerImage, peakRssMb: peakRssMb() })
    }
    for (const count of [1, 8]) {
      const batch = randomBatch(count)
      await backbone.embed(batch)
      add(`forward, 224 px, batch ${count}`, await bestRate(rounds, roofline, () => forwardRate(backbone, batch)))
    }
    add('JPEG files to vectors', await bestRate(fileRounds, roofline, () => filesRate(backbone, samplesFolder)))
    for (const precision of offeredPrecisions(runtime)) if (precision !== 'fp32') measured.push(...(await benchPrecision(runtime, model, backbone, precision)))
    await backbone.dispose()
    return measured
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
