/** @file Model folders with half-precision weights. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { initialParameters, vitParameters } from '../../src/engine/nn'
import { elementCount, numberToFloat16, type Tensor } from '../../src/engine/tensor'
import { weightsFile, writeManifest, writeSafetensors, type VitManifest } from '../../src/engine/weights'

/** Writes `parameters`, all of them float32, as float16 into a model folder that is described by `manifest`. */
export async function writeHalfModel(folder: string, parameters: Iterable<readonly [string, Tensor<'float32'>]>, manifest: Omit<VitManifest, 'schema' | 'parameters' | 'weights'>): Promise<void> {
  await mkdir(folder, { recursive: true })
  const halves = Array.from(parameters, ([name, { shape, data }]): [string, Tensor<'float16'>] => [name, { dtype: 'float16', shape, data: Uint16Array.from(data, numberToFloat16) }])
  const { sha256, bytes } = await writeSafetensors(join(folder, weightsFile), halves)
  const count = vitParameters(manifest.config).reduce((sum, { shape }) => sum + elementCount(shape), 0)
  await writeManifest(folder, { schema: 1, ...manifest, parameters: count, weights: { file: weightsFile, sha256, bytes } })
}

const seed = 20261125

/** The same network before it learned anything. */
export async function writeUntrained(folder: string, trained: VitManifest): Promise<void> {
  const { schema: _schema, parameters: _parameters, weights: _weights, ...manifest } = trained
  await writeHalfModel(folder, initialParameters(trained.config, seed), { ...manifest, id: 'untrained', name: 'Untrained', description: 'Random weights: it has learned nothing.', trained: false })
}
