/**
 * @file torchvision's GaussianBlur: a convolution with a sampled, normalised Gaussian over mirrored edges, then rounded.
 * Source: torchvision functional_tensor.py `gaussian_blur`, `_get_gaussian_kernel1d`.
 */
import type { RgbPixels } from '../decode'

/** A weight below this changes a level by less than 1e-6, far below the float32 noise of torchvision's own sums. */
const negligible = 2 ** -29

/** Weights of the centre and of the positions beside it, outwards, as far as they matter. */
function halfKernel(kernel: number, sigma: number): Float64Array {
  const weights = Array.from({ length: (kernel + 1) / 2 }, (_, distance) => Math.exp(-0.5 * (distance / sigma) ** 2))
  const sum = weights.reduce((total, weight, distance) => total + (distance === 0 ? weight : 2 * weight), 0)
  return Float64Array.from(weights.map((weight) => weight / sum).filter((weight) => weight > negligible))
}

/** Positions mirrored at both ends without repeating them, for any distance outside. */
function reflect(position: number, count: number): number {
  if (count === 1) return 0
  const period = 2 * (count - 1)
  const inside = ((position % period) + period) % period
  return inside < count ? inside : period - inside
}

/** `target[i] = weights[0] · source[before[0] + i] + Σ over d ≥ 1 of weights[d] · (source[before[d] + i] + source[after[d] + i])`. */
function convolve(source: Uint8Array | Float64Array, weights: Float64Array, before: Int32Array, after: Int32Array, target: Float64Array, length: number): void {
  const centre = before[0]!
  const weight = weights[0]!
  for (let index = 0; index < length; index++) target[index] = weight * source[centre + index]!
  for (let distance = 1; distance < weights.length; distance++) {
    const side = weights[distance]!
    const left = before[distance]!
    const right = after[distance]!
    for (let index = 0; index < length; index++) target[index]! += side * (source[left + index]! + source[right + index]!)
  }
}

/**
 * Blurs with a standard deviation of `sigma` pixels and a kernel of `kernel` × `kernel` pixels; uint8 [height, width, 3],
 * a new array. torchvision sums the kernel's products in float32 in an order of its own, so a value within 1e-4 of a
 * half may round the other way here. Pictures smaller than the kernel, which torchvision refuses, are mirrored again.
 */
export function blurAsTorchvision({ rgb, width, height }: RgbPixels, kernel: number, sigma: number): Uint8Array {
  const weights = halfKernel(kernel, sigma)
  const distances = Int32Array.from(weights.keys())
  const radius = weights.length - 1
  const length = width * 3
  const line = new Float64Array(length)
  const mirrored = new Float64Array(length + 2 * radius * 3)
  const margins = [...Array(radius).keys()].flatMap((index) => [index, radius + width + index])
  const lefts = distances.map((distance) => (radius - distance) * 3)
  const rights = distances.map((distance) => (radius + distance) * 3)
  // Stored clamped, a number is rounded, halves to even, as torch.round does.
  const result = new Uint8ClampedArray(rgb.length)
  for (let row = 0; row < height; row++) {
    const rowAt = (distance: number): number => reflect(row + distance, height) * length
    convolve(rgb, weights, distances.map((distance) => rowAt(-distance)), distances.map(rowAt), line, length)
    mirrored.set(line, radius * 3)
    for (const column of margins) {
      const from = reflect(column - radius, width) * 3
      for (let channel = 0; channel < 3; channel++) mirrored[column * 3 + channel] = line[from + channel]!
    }
    convolve(mirrored, weights, lefts, rights, line, length)
    result.set(line, row * length)
  }
  return new Uint8Array(result.buffer)
}
