/** @file Products of int8 codes with float32 queries, by one graph of the runtime. */
import { EngineError } from '../contract'
import { buildModel, input } from '../graph'
import { cast, matMul } from '../ops'
import type { Runtime } from '../runtime'

/** `codes` int8 [patches, dims] and `queries` float32 [dims, count], to float32 [patches, count]. */
export type CodeProducts = (codes: Int8Array, queries: Float32Array, dims: number) => Promise<Float32Array>

/**
 * Opens the product. The caller releases it, or the runtime does when it is disposed of.
 * @throws EngineError RUNTIME, also later when a product fails
 */
export async function openCodeProducts(runtime: Runtime): Promise<CodeProducts> {
  const codes = input('codes', 'int8', ['patches', 'dims'])
  const queries = input('queries', 'float32', ['dims', 'count'])
  const session = await runtime.open(buildModel('codeProducts', { products: matMul(cast(codes, 'float32'), queries) }, () => new Uint8Array()))
  return async (codesOfPatches, queryColumns, dims) => {
    const { products } = await session.run({
      codes: { dtype: 'int8', shape: [codesOfPatches.length / dims, dims], data: codesOfPatches },
      queries: { dtype: 'float32', shape: [dims, queryColumns.length / dims], data: queryColumns },
    })
    if (products?.dtype !== 'float32') throw new EngineError('RUNTIME', 'the runtime gave no float32 products')
    return products.data as Float32Array
  }
}
