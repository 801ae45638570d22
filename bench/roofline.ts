/** @file The roofline: how fast this process multiplies matrices right now. */
import { buildModel, constant, input } from '../src/engine/graph'
import { matMul } from '../src/engine/ops'
import type { Runtime } from '../src/engine/runtime'
import { randomStream, type Tensor } from '../src/engine/tensor'

const size = 2048

export interface Roofline {
  /** Runs the product once more and returns the best rate seen so far, GFLOP/s. */
  measure(): Promise<number>
  release(): Promise<void>
}

/** A 2048³ float32 product on the runtime's provider. */
export async function openRoofline(runtime: Runtime): Promise<Roofline> {
  const random = randomStream(1)
  const matrix = (): Tensor<'float32'> => ({ dtype: 'float32', shape: [size, size], data: Float32Array.from({ length: size * size }, () => random.uniform() - 0.5) })
  const feeds = { a: matrix() }
  // One side is a constant, as weights are: the runtime packs it once, which is the faster and so the stricter measure.
  const product = matMul(input('a', 'float32', [size, size]), constant(matrix()))
  const session = await runtime.open(buildModel('roofline', { product }, () => new Uint8Array()))
  await session.run(feeds)
  let best = 0
  return {
    measure: async () => {
      const start = performance.now()
      await session.run(feeds)
      best = Math.max(best, (2 * size ** 3) / (performance.now() - start) / 1e6)
      return best
    },
    release: session.release,
  }
}
