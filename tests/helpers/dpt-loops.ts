/** @file The DPT depth head of DINOv2 by plain loops in double precision, written from spec §3: to hold the graph against. */
import type { Tensor } from '../../src/engine/tensor'

export interface Maps {
  readonly channels: number
  readonly height: number
  readonly width: number
  /** float64 [channels, height, width] */
  readonly data: Float64Array
}

export interface LoopTokens {
  /** float32 [patches, dim] */
  readonly patches: Float32Array
  /** float32 [dim] */
  readonly cls: Float32Array
}

type Tensors = ReadonlyMap<string, Tensor<'float32'>>

/** Abramowitz and Stegun 7.1.5 (series) below 3, 7.1.14 (continued fraction) above. */
function erf(x: number): number {
  const size = Math.abs(x)
  let result: number
  if (size < 3) {
    let [sum, term] = [size, size]
    for (let n = 1; n < 80; n++) {
      term *= (-size * size) / n
      sum += term / (2 * n + 1)
    }
    result = (2 / Math.sqrt(Math.PI)) * sum
  } else {
    let fraction = 0
    for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction)
    result = 1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction)
  }
  return x < 0 ? -result : result
}

const at = ({ height, width, data }: Maps, channel: number, y: number, x: number): number => (y < 0 || y >= height || x < 0 || x >= width ? 0 : data[(channel * height + y) * width + x]!)
const filled = (channels: number, height: number, width: number, value: (channel: number, y: number, x: number) => number): Maps => {
  const data = new Float64Array(channels * height * width)
  for (let channel = 0; channel < channels; channel++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[(channel * height + y) * width + x] = value(channel, y, x)
  return { channels, height, width, data }
}
const relu = (maps: Maps): Maps => ({ ...maps, data: maps.data.map((value) => Math.max(0, value)) })
const plus = (left: Maps, right: Maps): Maps => ({ ...left, data: left.data.map((value, index) => value + right.data[index]!) })

/** Bilinear, as torch's interpolate. */
export function resized(maps: Maps, height: number, width: number, alignCorners: boolean): Maps {
  const source = (index: number, from: number, to: number): number => (alignCorners ? (to > 1 ? (index * (from - 1)) / (to - 1) : 0) : Math.max(0, ((index + 0.5) * from) / to - 0.5))
  return filled(maps.channels, height, width, (channel, y, x) => {
    const [sy, sx] = [source(y, maps.height, height), source(x, maps.width, width)]
    const [y0, x0] = [Math.min(maps.height - 1, Math.floor(sy)), Math.min(maps.width - 1, Math.floor(sx))]
    const [y1, x1] = [Math.min(maps.height - 1, y0 + 1), Math.min(maps.width - 1, x0 + 1)]
    const row = (line: number): number => at(maps, channel, line, x0) * (1 - (sx - x0)) + at(maps, channel, line, x1) * (sx - x0)
    return row(y0) * (1 - (sy - y0)) + row(y1) * (sy - y0)
  })
}

/**
 * Depth in metres before it is resized to the picture.
 * @param tokens of four blocks, shallowest first
 * @throws Error for a tensor that is not there
 */
export function dptByLoops(tensors: Tensors, tokens: readonly LoopTokens[], height: number, width: number, dim: number): Maps {
  const of = (name: string): Tensor<'float32'> => {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw new Error(`the head lacks ${name}`)
    return tensor
  }
  const conv = (maps: Maps, name: string, options: { readonly padding?: number; readonly stride?: number } = {}): Maps => {
    const { padding = 0, stride = 1 } = options
    const { shape: [out = 0, channels = 0, kernel = 0], data: weight } = of(`${name}.weight`)
    const bias = tensors.get(`${name}.bias`)?.data
    const after = (size: number): number => Math.floor((size + 2 * padding - kernel) / stride) + 1
    return filled(out, after(maps.height), after(maps.width), (to, y, x) => {
      let sum = bias?.[to] ?? 0
      for (let from = 0; from < channels; from++)
        for (let ky = 0; ky < kernel; ky++) for (let kx = 0; kx < kernel; kx++) sum += weight[((to * channels + from) * kernel + ky) * kernel + kx]! * at(maps, from, y * stride + ky - padding, x * stride + kx - padding)
      return sum
    })
  }
  /** ConvTranspose2d whose stride is its kernel. */
  const enlarge = (maps: Maps, name: string): Maps => {
    const { shape: [channels = 0, out = 0, kernel = 1], data: weight } = of(`${name}.weight`)
    const bias = of(`${name}.bias`).data
    return filled(out, maps.height * kernel, maps.width * kernel, (to, y, x) => {
      let sum = bias[to]!
      for (let from = 0; from < channels; from++) sum += at(maps, from, Math.floor(y / kernel), Math.floor(x / kernel)) * weight[((from * out + to) * kernel + (y % kernel)) * kernel + (x % kernel)]!
      return sum
    })
  }
  const unit = (maps: Maps, name: string): Maps => plus(maps, conv(relu(conv(relu(maps), `${name}.conv1.conv`, { padding: 1 })), `${name}.conv2.conv`, { padding: 1 }))

  const maps = tokens.map(({ patches, cls }, index) => {
    const readout = `reassemble_blocks.readout_projects.${index}.0`
    const [weight, bias] = [of(`${readout}.weight`).data, of(`${readout}.bias`).data]
    const joined = filled(dim, height, width, (to, y, x) => {
      let sum = bias[to]!
      for (let from = 0; from < dim; from++) sum += weight[to * 2 * dim + from]! * patches[(y * width + x) * dim + from]! + weight[to * 2 * dim + dim + from]! * cls[from]!
      return 0.5 * sum * (1 + erf(sum / Math.SQRT2))
    })
    const projected = conv(joined, `reassemble_blocks.projects.${index}.conv`)
    const resize = `reassemble_blocks.resize_layers.${index}`
    const scaled = index < 2 ? enlarge(projected, resize) : index === 3 ? conv(projected, resize, { padding: 1, stride: 2 }) : projected
    return conv(scaled, `convs.${index}.conv`, { padding: 1 })
  })
  let fused = maps[3]!
  for (let block = 0; block < 4; block++) {
    const name = `fusion_blocks.${block}`
    if (block > 0) fused = plus(fused, unit(resized(maps[3 - block]!, fused.height, fused.width, false), `${name}.res_conv_unit1`))
    fused = unit(fused, `${name}.res_conv_unit2`)
    fused = conv(resized(fused, 2 * fused.height, 2 * fused.width, true), `${name}.project.conv`)
  }
  let head = conv(relu(conv(fused, 'project.conv', { padding: 1 })), 'conv_depth.head.0', { padding: 1 })
  head = relu(conv(resized(head, 2 * head.height, 2 * head.width, true), 'conv_depth.head.2', { padding: 1 }))
  const depth = relu(conv(head, 'conv_depth.head.4'))
  return { ...depth, data: depth.data.map((value) => value + 0.001) }
}
