/** @file The untrained demo model: a small ViT with the references' random initialisation, stored in half precision. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { offsetInterpolation, initialParameters, vitParameters, type VitConfig } from '../src/engine/nn'
import { elementCount, numberToFloat16, type Tensor } from '../src/engine/tensor'
import { defaultPreprocessing, weightsFile, writeManifest, writeSafetensors } from '../src/engine/weights'

const seed = 20261123

const config: VitConfig = {
  family: 'dino',
  patchSize: 14,
  dim: 192,
  depth: 4,
  heads: 3,
  feedForward: 'mlp',
  hidden: 768,
  registers: 0,
  layerScale: false,
  maskToken: false,
  positionGrid: 16,
  positionInterpolation: offsetInterpolation,
  layerNormEps: 1e-6,
}

function half({ shape, data }: Tensor<'float32'>): Tensor<'float16'> {
  return { dtype: 'float16', shape, data: Uint16Array.from(data, numberToFloat16) }
}

function* halfPrecision(): Generator<readonly [string, Tensor<'float16'>]> {
  for (const [name, tensor] of initialParameters(config, seed)) yield [name, half(tensor)]
}

/** Writes the model folder; the same bytes every time. */
export async function makeUntrainedDemo(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const weights = await writeSafetensors(join(folder, weightsFile), halfPrecision())
  await writeManifest(folder, {
    schema: 1,
    id: 'untrained-demo',
    name: 'Untrained demo',
    description: 'Random weights: it has learned nothing. It shows how the views work until a trained model is imported.',
    trained: false,
    config,
    preprocessing: defaultPreprocessing,
    parameters: vitParameters(config).reduce((sum, { shape }) => sum + elementCount(shape), 0),
    weights: { file: weightsFile, sha256: weights.sha256, bytes: weights.bytes },
    provenance: { source: 'npm run make-untrained-demo', kind: 'dinoscope', unexpectedKeys: [], importedAt: '2026-11-23T00:00:00.000Z' },
  })
}
