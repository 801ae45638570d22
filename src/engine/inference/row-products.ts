/** @file All dot products between the rows of two matrices, by one matrix product of the runtime. */
import { EngineError } from '../contract'
import { buildModel, input } from '../graph'
import { matMul, transpose } from '../ops'
import type { Runtime } from '../runtime'

/** `left` `[m, dim]` and `right` `[n, dim]`, float32, to float32 `[m, n]`. */
export type RowProducts = (left: Float32Array, right: Float32Array, dim: number) => Promise<Float32Array>

/**
 * Opens the product on the runtime's provider. The caller releases it.
 * @throws EngineError RUNTIME, also later when a product fails
 */
export async function openRowProducts(runtime: Runtime): Promise<{ readonly products: RowProducts; release(): Promise<void> }> {
  const left = input('left', 'float32', ['m', 'dim'])
  const right = input('right', 'float32', ['n', 'dim'])
  const session = await runtime.open(buildModel('rowProducts', { products: matMul(left, transpose(right, [1, 0])) }, () => new Uint8Array()))
  return {
    products: async (leftRows, rightRows, dim) => {
      const matrix = (data: Float32Array) => ({ dtype: 'float32', shape: [data.length / dim, dim], data }) as const
      const { products } = await session.run({ left: matrix(leftRows), right: matrix(rightRows) })
      if (products?.dtype !== 'float32') throw new EngineError('RUNTIME', 'the runtime gave no float32 products')
      return products.data as Float32Array
    },
    release: session.release,
  }
}
