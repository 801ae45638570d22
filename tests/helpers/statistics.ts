/** @file Statistics of many draws, for tests of what is random. */
import type { RandomStream } from '../../src/engine/tensor'

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Kolmogorov and Smirnov's distance of `values` from the uniform distribution on `from` … `to`, times √n: for uniform
 * values below 1.95 but once in a thousand times.
 */
export function distanceFromUniform(values: readonly number[], from = 0, to = 1): number {
  const sorted = values.map((value) => (value - from) / (to - from)).sort((a, b) => a - b)
  const gaps = sorted.map((value, index) => Math.max(value - index / sorted.length, (index + 1) / sorted.length - value))
  return Math.max(...gaps) * Math.sqrt(sorted.length)
}

/** How many standard deviations `hits` of `count` are off what `probability` lets expect. */
export function deviationsFrom(probability: number, hits: number, count: number): number {
  return Math.abs(hits - probability * count) / Math.sqrt(count * probability * (1 - probability))
}

/** Pearson's correlation of two columns of equal length. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const meanA = mean(a)
  const meanB = mean(b)
  const product = mean(a.map((value, index) => (value - meanA) * (b[index]! - meanB)))
  const spread = (values: readonly number[], centre: number): number => Math.sqrt(mean(values.map((value) => (value - centre) ** 2)))
  return product / (spread(a, meanA) * spread(b, meanB))
}

/** The next `count` uniform numbers of a stream. */
export const uniforms = (random: RandomStream, count: number): readonly number[] => Array.from({ length: count }, () => random.uniform())
