/** @file Counter-based random numbers: the n-th number of a stream depends on (key, n) alone, never on who asked before. */

const multiplier0 = 0xd2511f53
const multiplier1 = 0xcd9e8d57
const weyl0 = 0x9e3779b9
const weyl1 = 0xbb67ae85
const rounds = 10

function multiplyHighLow(a: number, b: number): [high: number, low: number] {
  const product = BigInt(a) * BigInt(b)
  return [Number(product >> 32n), Number(product & 0xffffffffn)]
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

/** The stream numbered `stream` (an integer below 2^53) of `seed`; streams are independent of each other. */
export function randomStream(seed: number, stream = 0): RandomStream {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const
  let block = 0
  let buffer: readonly number[] = []
  const uniform = (): number => {
    if (buffer.length === 0) {
      buffer = philox4x32([block >>> 0, Math.floor(block / 2 ** 32) >>> 0, stream >>> 0, Math.floor(stream / 2 ** 32) >>> 0], key)
      block++
    }
    const [first = 0, ...rest] = buffer
    buffer = rest
    return first / 2 ** 32
  }
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}
