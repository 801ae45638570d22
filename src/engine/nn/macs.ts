/** @file How much arithmetic a forward pass is: what measured speed is held against. */
import type { VitConfig } from './vit-config'

/**
 * Multiply-accumulates of one image of `patches` patches: per block 4ND² for qkv and proj, 8ND² for an MLP or 3NDH for
 * SwiGLU, 2N²D for attention, and P·D·3p² for the patch embedding. Floating-point operations are twice as many.
 */
export function forwardMacs(config: VitConfig, patches: number): number {
  const { dim, depth, registers, feedForward, hidden, patchSize } = config
  const tokens = 1 + registers + patches
  const feedForwardMacs = (feedForward === 'mlp' ? 2 : 3) * tokens * dim * hidden
  const blockMacs = 4 * tokens * dim ** 2 + feedForwardMacs + 2 * tokens ** 2 * dim
  return depth * blockMacs + patches * dim * 3 * patchSize ** 2
}
