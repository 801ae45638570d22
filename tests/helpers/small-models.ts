/** @file Small models of every form, with weights that make attention and tokens anything but uniform. */
import { join } from 'node:path'
import { antialiasedInterpolation, dinov2Config, offsetInterpolation, vitParameters, type VitConfig } from '../../src/engine/nn'
import { elementCount, numberToFloat16, randomStream, type Tensor } from '../../src/engine/tensor'
import { defaultPreprocessing, openModelFolder, requireVit, weightsFile, writeManifest, writeSafetensors, type VitModelFolder } from '../../src/engine/weights'

const base: VitConfig = { ...dinov2Config('s'), patchSize: 14, dim: 32, depth: 2, heads: 4, hidden: 64, positionGrid: 5, layerNormEps: 1e-6 }

/** One of each: plain DINO, DINOv2 with a mask token, and registers with SwiGLU and antialiased positions. */
export const smallConfigs = {
  dino: { ...base, family: 'dino', patchSize: 8, layerScale: false, maskToken: false, positionInterpolation: offsetInterpolation },
  dinov2: base,
  registers: { ...base, registers: 4, feedForward: 'swiglu', hidden: 40, positionInterpolation: antialiasedInterpolation },
} as const satisfies Readonly<Record<string, VitConfig>>

/** Writes a model folder with random weights of order one, as float32 or float16. */
export async function writeSmallModel(folder: string, config: VitConfig, dtype: 'float32' | 'float16' = 'float32'): Promise<VitModelFolder> {
  const tensors = vitParameters(config).map(({ name, shape }, index): [string, Tensor] => {
    const random = randomStream(7, index)
    // Large enough for attention to choose, small enough for nothing to overflow.
    const scale = name.endsWith('norm1.weight') || name.endsWith('norm2.weight') || name === 'norm.weight' || name.endsWith('.gamma') ? 1 : 0.2
    const values = Array.from({ length: elementCount(shape) }, () => scale * (1 - 0.5 * scale + random.normal()))
    return [name, dtype === 'float32' ? { dtype, shape, data: Float32Array.from(values) } : { dtype, shape, data: Uint16Array.from(values, numberToFloat16) }]
  })
  const { sha256, bytes } = await writeSafetensors(join(folder, weightsFile), tensors)
  await writeManifest(folder, {
    schema: 1,
    id: 'small',
    name: 'Small model',
    description: 'Random numbers.',
    trained: false,
    config,
    preprocessing: defaultPreprocessing,
    parameters: vitParameters(config).reduce((total, { shape }) => total + elementCount(shape), 0),
    weights: { file: weightsFile, sha256, bytes },
    provenance: { source: '/home/somebody/private/small.pth', kind: 'fb-dinov2', unexpectedKeys: [], importedAt: '2026-01-02T03:04:05.000Z' },
  })
  return requireVit(await openModelFolder(folder), 'made here')
}
