/** @file The tensors of a DPT depth head and their shapes, which follow from a few of them. */
import type { StateDict } from '../bytes/tensor-source'

/** `undefined` is any length. */
export type ShapePattern = readonly (number | undefined)[]

const layers = [0, 1, 2, 3] as const

/**
 * Every tensor that the head reads, by name.
 * @param dim numbers of a token
 * Source: dinov2/hub/depth/decode_heads.py:572-747.
 */
export function dptShapes(state: StateDict, dim: number): ReadonlyMap<string, ShapePattern> {
  const outOf = (name: string): number | undefined => state.get(name)?.shape[0]
  const shapes = new Map<string, ShapePattern>()
  const convolution = (prefix: string, out: number | undefined, channels: number | undefined, kernel: number, bias: boolean): void => {
    shapes.set(`${prefix}.weight`, [out, channels, kernel, kernel])
    if (bias) shapes.set(`${prefix}.bias`, [out])
  }
  const width = outOf('convs.0.conv.weight')
  for (const layer of layers) {
    const project = `reassemble_blocks.projects.${layer}.conv`
    const channels = outOf(`${project}.weight`)
    shapes.set(`reassemble_blocks.readout_projects.${layer}.0.weight`, [dim, 2 * dim])
    shapes.set(`reassemble_blocks.readout_projects.${layer}.0.bias`, [dim])
    convolution(project, channels, dim, 1, true)
    // The third map stays as large as the grid of patches.
    const kernel = [4, 2, undefined, 3][layer]
    if (kernel !== undefined) convolution(`reassemble_blocks.resize_layers.${layer}`, channels, channels, kernel, true)
    convolution(`convs.${layer}.conv`, width, channels, 3, false)
    // The deepest map has nothing to be joined to.
    for (const unit of layer === 0 ? [2] : [1, 2]) for (const conv of [1, 2]) convolution(`fusion_blocks.${layer}.res_conv_unit${unit}.conv${conv}.conv`, width, width, 3, false)
    convolution(`fusion_blocks.${layer}.project.conv`, width, width, 1, true)
  }
  const joined = outOf('project.conv.weight')
  const [first, second] = [outOf('conv_depth.head.0.weight'), outOf('conv_depth.head.2.weight')]
  convolution('project.conv', joined, width, 3, true)
  convolution('conv_depth.head.0', first, joined, 3, true)
  convolution('conv_depth.head.2', second, first, 3, true)
  convolution('conv_depth.head.4', 1, second, 1, true)
  return shapes
}
