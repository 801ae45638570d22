/** @file How much arithmetic and memory a run takes, counted for a transformer and guessed for a graph that is not known. */
import { forwardMacs } from '../nn'
import type { BackboneConfig } from './backbone'

/** Width of a feed-forward layer against that of a token, in most transformers. */
const usualExpansion = 4
const usualDepth = 12

/** Multiply-accumulates of one picture of so many patches. Of a foreign graph: every weight once for every token. */
export function runMacs(config: BackboneConfig, patches: number): number {
  return config.family === 'onnx' ? config.weights * (1 + config.registers + patches) : forwardMacs(config, patches)
}

/** What one run of so many patches holds, bytes: its pixels, the widest layer, and attention rows of CLS. */
export function runBytes(config: BackboneConfig, patches: number): number {
  const { dim, patchSize } = config
  const wide = config.family === 'onnx' ? 2 * usualExpansion * dim : (config.feedForward === 'mlp' ? 2 : 4) * config.hidden
  const rows = config.family === 'onnx' ? usualDepth * patches : config.depth * config.heads
  return 4 * patches * (3 * patchSize ** 2 + 6 * dim + wide + rows)
}
