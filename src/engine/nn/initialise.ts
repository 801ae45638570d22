/** @file Fresh weights as the references draw them. */
import { allocate, elementCount, randomStream, type RandomStream, type Tensor } from '../tensor'
import { vitParameters, type ParameterSpec, type VitConfig } from './vit-config'

const linearStd = 0.02
const layerScaleStart = 1e-5
const tokenStd = 1e-6

/**
 * Initial parameters, deterministic in `seed` and independent per tensor.
 * Linear weights and position embeddings N(0, 0.02) (the references truncate at ±2, a hundred deviations away), biases 0,
 * norms 1 and 0, patch embedding U(±1/√(3p²)), LayerScale 1e-5; CLS N(0, 0.02) in DINO, CLS and registers N(0, 1e-6) in
 * DINOv2, mask token 0.
 * Source: dino/vision_transformer.py:163-175; dinov2/models/vision_transformer.py:176-183 and its layers.
 */
export function* initialParameters(config: VitConfig, seed: number): Generator<readonly [name: string, tensor: Tensor<'float32'>]> {
  for (const [index, spec] of vitParameters(config).entries()) yield [spec.name, initialise(config, spec, randomStream(seed, index))]
}

function initialise(config: VitConfig, { name, shape }: ParameterSpec, random: RandomStream): Tensor<'float32'> {
  const draw = drawFor(config, name, random)
  const data = allocate('float32', elementCount(shape))
  for (let index = 0; index < data.length; index++) data[index] = draw()
  return { dtype: 'float32', shape, data }
}

function drawFor(config: VitConfig, name: string, random: RandomStream): () => number {
  const normal = (std: number) => () => std * random.normal()
  const uniform = (bound: number) => () => (2 * random.uniform() - 1) * bound
  if (name.startsWith('patch_embed.')) return uniform(1 / Math.sqrt(3 * config.patchSize ** 2))
  if (name.endsWith('.gamma')) return () => layerScaleStart
  if (name === 'mask_token') return () => 0
  if (name === 'pos_embed') return normal(linearStd)
  if (name === 'cls_token' || name === 'register_tokens') return normal(config.family === 'dino' ? linearStd : tokenStd)
  if (name.includes('norm')) return () => (name.endsWith('.weight') ? 1 : 0)
  return name.endsWith('.bias') ? () => 0 : normal(linearStd)
}
