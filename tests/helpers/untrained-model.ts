/** @file A small ViT with the references' random initialisation, in half precision: the model of tests that need any model at all. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialParameters, offsetInterpolation, vitParameters, type VitConfig } from '../../src/engine/nn'
import { elementCount, numberToFloat16, type Tensor } from '../../src/engine/tensor'
import { defaultPreprocessing, openModelFolder, weightsFile, writeManifest, writeSafetensors, type ModelFolder } from '../../src/engine/weights'

const id = 'untrained-demo'

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
  for (const [name, tensor] of initialParameters(config, 20261123)) yield [name, half(tensor)]
}

async function writeModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { sha256, bytes } = await writeSafetensors(join(folder, weightsFile), halfPrecision())
  await writeManifest(folder, {
    schema: 1,
    id,
    name: 'Untrained demo',
    description: 'Random weights: it has learned nothing.',
    trained: false,
    config,
    preprocessing: defaultPreprocessing,
    parameters: vitParameters(config).reduce((sum, { shape }) => sum + elementCount(shape), 0),
    weights: { file: weightsFile, sha256, bytes },
    provenance: { source: 'the tests', kind: 'dinoscope', unexpectedKeys: [], importedAt: '2026-11-23T00:00:00.000Z' },
  })
}

/** Writes the model as the one that comes with the app, into the app's `resources`; the same bytes every time. Its id is `untrained-demo`. */
export async function addUntrainedModel(resources: string): Promise<void> {
  await writeModel(join(resources, 'models', id))
}

/** The model in a folder of its own, and what removes that. */
export async function openUntrainedModel(): Promise<{ readonly model: ModelFolder; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'untrained-'))
  await writeModel(folder)
  return { model: await openModelFolder(folder), remove: () => rm(folder, { recursive: true, force: true }) }
}
