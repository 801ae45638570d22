/** @file A ViT's configuration, read off the shapes of its tensors and whatever a config file claims. */
import { EngineError } from '../../contract'
import { antialiasedInterpolation, offsetInterpolation, type VitConfig } from '../../nn'
import type { Shape } from '../../tensor'
import type { StateDict } from '../bytes/tensor-source'
import type { ConfigClaims } from './config-file'

/** Of every official model. */
const headDim = 64
const facebookEps = 1e-6
/** Above any model there is; a name with a larger block number is not a block. */
const maximumDepth = 1000

/**
 * The configuration these tensors (under official names) belong to. Where a tensor that tells a size is missing, the
 * size is filled with a likely one: the caller compares the parameters with the tensors and reports what is missing.
 * @throws EngineError MODEL_UNSUPPORTED when the number of heads cannot be told
 */
export function inferConfig(path: string, tensors: StateDict, claims: ConfigClaims | undefined): VitConfig {
  const shapeOf = (name: string): Shape | undefined => tensors.get(name)?.shape
  const has = (suffix: string): boolean => [...tensors.keys()].some((name) => name.startsWith('blocks.') && name.endsWith(suffix))
  const patchWeight = shapeOf('patch_embed.proj.weight')
  const position = shapeOf('pos_embed')

  const dim = claims?.dim ?? patchWeight?.[0] ?? position?.[2] ?? shapeOf('cls_token')?.[2] ?? shapeOf('norm.weight')?.[0] ?? headDim
  const registers = claims?.registers ?? shapeOf('register_tokens')?.[1] ?? 0
  const feedForward = claims?.feedForward ?? (has('.mlp.w12.weight') ? 'swiglu' : 'mlp')
  const layerScale = has('.ls1.gamma')
  const maskToken = tensors.has('mask_token')
  return {
    family: claims?.family ?? (layerScale || maskToken || registers > 0 ? 'dinov2' : 'dino'),
    patchSize: claims?.patchSize ?? patchWeight?.[3] ?? 16,
    dim,
    depth: claims?.depth ?? inferDepth(tensors),
    heads: claims?.heads === undefined ? inferHeads(path, dim) : checkHeads(path, dim, claims.heads),
    feedForward,
    hidden: inferHidden(tensors, feedForward, dim),
    registers,
    layerScale,
    maskToken,
    positionGrid: Math.max(1, Math.round(Math.sqrt((position?.[1] ?? 197) - 1))),
    positionInterpolation: claims?.positionInterpolation ?? (registers > 0 ? antialiasedInterpolation : offsetInterpolation),
    layerNormEps: claims?.layerNormEps ?? facebookEps,
  }
}

function inferDepth(tensors: StateDict): number {
  const indices = Array.from(tensors.keys(), (name) => Number(/^blocks\.(\d{1,4})\./.exec(name)?.[1] ?? -1)).filter((index) => index < maximumDepth)
  return Math.max(1, ...indices.map((index) => index + 1))
}

/** The width of the hidden layer as the first block has it; the other blocks are compared with it later. */
function inferHidden(tensors: StateDict, feedForward: VitConfig['feedForward'], dim: number): number {
  const suffix = feedForward === 'mlp' ? '.mlp.fc2.weight' : '.mlp.w3.weight'
  const name = [...tensors.keys()].find((candidate) => candidate.startsWith('blocks.') && candidate.endsWith(suffix))
  return (name === undefined ? undefined : tensors.get(name)?.shape[1]) ?? 4 * dim
}

function inferHeads(path: string, dim: number): number {
  if (dim >= headDim && dim % headDim === 0) return dim / headDim
  throw unsupported(path, `has ${dim} channels, which are not heads of ${headDim}; a config.json with the number of heads is needed`)
}

function checkHeads(path: string, dim: number, heads: number): number {
  if (dim % heads === 0) return heads
  throw unsupported(path, `has ${dim} channels, which its config.json wants to split into ${heads} heads`)
}

function unsupported(path: string, what: string): EngineError {
  return new EngineError('MODEL_UNSUPPORTED', `${path} ${what}`, { detail: { path } })
}
