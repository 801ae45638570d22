/** @file Counter-based random numbers: the n-th number of a stream depends on (key, n) alone, never on who asked before. */

const multiplier0 = 0xd2511f53
const multiplier1 = 0xcd9e8d57
const weyl0 = 0x9e3779b9
const weyl1 = 0xbb67ae85
const rounds = 10

/** The 64-bit product of two uint32, by halves: a BigInt would cost a hundred times as much. */
function multiplyHighLow(a: number, b: number): [high: number, low: number] {
  const aLow = a & 0xffff
  const bLow = b & 0xffff
  const aHigh = a >>> 16
  const bHigh = b >>> 16
  const low = aLow * bLow
  const middle = aHigh * bLow + (low >>> 16)
  const middleLow = aLow * bHigh + (middle % 2 ** 16)
  return [aHigh * bHigh + Math.floor(middle / 2 ** 16) + Math.floor(middleLow / 2 ** 16), Math.imul(a, b) >>> 0]
}

/**
 * Philox4x32-10: four uint32 for one 128-bit counter and one 64-bit key.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */
export function philox4x32(counter: readonly [number, number, number, number], key: readonly [number, number]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < rounds; round++) {
    const [high0, low0] = multiplyHighLow(multiplier0, c0)
    const [high1, low1] = multiplyHighLow(multiplier1, c2)
    ;[c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0]
    k0 = (k0 + weyl0) >>> 0
    k1 = (k1 + weyl1) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** A stream of numbers for one (seed, stream) pair. */
export interface RandomStream {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number
  /** Standard normal, by Box-Muller. */
  normal(): number
}

/** What a stream is for: streams of different purposes never meet, whatever their coordinates. */
export const randomPurposes = { augment: 1, order: 2, mask: 3, dropPath: 4, replacement: 5, probe: 6, cluster: 7, curate: 8, map: 9, patchBasis: 10, prototypes: 11 } as const
export type RandomPurpose = keyof typeof randomPurposes

/** Reads counter blocks `[block, a, b, c]` under a key, one number at a time. */
function streamOf(key: readonly [number, number], counter: (block: number) => readonly [number, number, number, number]): RandomStream {
  let block = 0
  let buffer: readonly number[] = []
  let used = 0
  const uniform = (): number => {
    if (used === buffer.length) {
      buffer = philox4x32(counter(block++), key)
      used = 0
    }
    return (buffer[used++] ?? 0) / 2 ** 32
  }
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}

/** The stream numbered `stream` (an integer below 2^53) of `seed`; streams are independent of each other. */
export function randomStream(seed: number, stream = 0): RandomStream {
  return streamOf([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], (block) => [block >>> 0, Math.floor(block / 2 ** 32) >>> 0, stream >>> 0, Math.floor(stream / 2 ** 32) >>> 0])
}

/**
 * The stream of `seed` for one purpose at up to three coordinates (each a uint32), such as epoch, image and crop. It
 * depends on these alone, so neither the number of workers nor where a run was resumed can change it.
 */
export function randomStreamAt(seed: number, purpose: RandomPurpose, a: number, b = 0, c = 0): RandomStream {
  const [low, high] = philox4x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, randomPurposes[purpose], 0], [0, 0])
  return streamOf([low, high], (block) => [block >>> 0, a >>> 0, b >>> 0, c >>> 0])
}
