/**
 * @file torchvision's GaussianBlur: a convolution with a sampled, normalised Gaussian over mirrored edges, then rounded.
 * Source: torchvision functional_tensor.py `gaussian_blur`, `_get_gaussian_kernel1d`.
 */
import type { RgbPixels } from '../decode'
import { roundHalfToEven } from '../geometry'

/** A weight below this changes no level by more than 1e-6, far below the float32 noise of torchvision's own sums. */
const negligible = 2 ** -29

/** Weights of the centre and of the positions beside it, outwards, as far as they matter. */
function halfKernel(kernel: number, sigma: number): Float32Array {
  const weights = Array.from({ length: (kernel + 1) / 2 }, (_, distance) => Math.exp(-0.5 * (distance / sigma) ** 2))
  const sum = weights.reduce((total, weight, distance) => total + (distance === 0 ? weight : 2 * weight), 0)
  return Float32Array.from(weights.map((weight) => weight / sum).filter((weight) => weight > negligible))
}

/** Positions mirrored at both ends without repeating them, for any distance outside. */
function reflect(position: number, count: number): number {
  if (count === 1) return 0
  const period = 2 * (count - 1)
  const inside = ((position % period) + period) % period
  return inside < count ? inside : period - inside
}

/** One row convolved across; float32 [width, 3] into `target` from `at` on. `line` holds the row and its mirrored edges. */
function blurRow(line: Float32Array, weights: Float32Array, target: Float32Array, at: number, length: number): void {
  const reach = (weights.length - 1) * 3
  const centre = weights[0]!
  for (let index = 0; index < length; index++) target[at + index] = centre * line[reach + index]!
  for (let distance = 1; distance < weights.length; distance++) {
    const weight = weights[distance]!
    const before = reach - distance * 3
    const after = reach + distance * 3
    for (let index = 0; index < length; index++) target[at + index]! += weight * (line[before + index]! + line[after + index]!)
  }
}

/**
 * Blurs with a standard deviation of `sigma` pixels and a kernel of `kernel` × `kernel` pixels; uint8 [height, width, 3],
 * a new array. torchvision sums the kernel's products in float32 in an order of its own, so a value within 1e-4 of a
 * half may round the other way here. Pictures smaller than the kernel, which torchvision refuses, are mirrored again.
 */
export function blurAsTorchvision({ rgb, width, height }: RgbPixels, kernel: number, sigma: number): Uint8Array {
  const weights = halfKernel(kernel, sigma)
  const radius = weights.length - 1
  const length = width * 3
  const across = new Float32Array(rgb.length)
  const line = new Float32Array(length + radius * 6)
  const columns = Int32Array.from({ length: width + 2 * radius }, (_, index) => reflect(index - radius, width) * 3)
  for (let row = 0; row < height; row++) {
    const from = row * length
    columns.forEach((column, index) => {
      for (let channel = 0; channel < 3; channel++) line[index * 3 + channel] = rgb[from + column + channel]!
    })
    blurRow(line, weights, across, from, length)
  }
  const result = new Uint8Array(rgb.length)
  const sums = new Float32Array(length)
  for (let row = 0; row < height; row++) {
    for (let index = 0; index < length; index++) sums[index] = weights[0]! * across[row * length + index]!
    for (let distance = 1; distance <= radius; distance++) {
      const weight = weights[distance]!
      const above = reflect(row - distance, height) * length
      const below = reflect(row + distance, height) * length
      for (let index = 0; index < length; index++) sums[index]! += weight * (across[above + index]! + across[below + index]!)
    }
    for (let index = 0; index < length; index++) result[row * length + index] = roundHalfToEven(sums[index]!)
  }
  return result
}
