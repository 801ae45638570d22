/** @file The roofline: how fast this process multiplies matrices right now. */
import { buildModel, constant, input } from '../src/engine/graph'
import { matMul } from '../src/engine/ops'
import type { Runtime } from '../src/engine/runtime'
import { randomStream, type Tensor } from '../src/engine/tensor'

/** Rows, inner size and columns: the usual large square, and the widest layer of ViT-S, which stays in the caches. */
const shapes = [
  [2048, 2048, 2048],
  [2048, 384, 1536],
] as const

const repetitions = 3

export interface Roofline {
  /** Runs the products once more and returns the best rate seen so far, GFLOP/s. */
  measure(): Promise<number>
  release(): Promise<void>
}

/** float32 products on the runtime's provider; the better of the shapes counts. */
export async function openRoofline(runtime: Runtime): Promise<Roofline> {
  const random = randomStream(1)
  const matrix = (rows: number, columns: number): Tensor<'float32'> => ({
    dtype: 'float32',
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => random.uniform() - 0.5),
  })
  const products = await Promise.all(
    shapes.map(async ([rows, inner, columns]) => {
      // One side is a constant, as weights are: the runtime packs it once, which is the faster and so the stricter measure.
      const product = matMul(input('a', 'float32', [rows, inner]), constant(matrix(inner, columns)))
      const session = await runtime.open(buildModel('roofline', { product }, () => new Uint8Array()))
      return { session, feeds: { a: matrix(rows, inner) }, gigaflops: (2 * rows * inner * columns) / 1e9 }
    }),
  )
  for (const { session, feeds } of products) await session.run(feeds)
  let best = 0
  return {
    measure: async () => {
      for (const { session, feeds, gigaflops } of products.flatMap((product) => Array.from({ length: repetitions }, () => product))) {
        const start = performance.now()
        await session.run(feeds)
        best = Math.max(best, (1000 * gigaflops) / (performance.now() - start))
      }
      return best
    },
    release: async () => {
      for (const { session } of products) await session.release()
    },
  }
}
