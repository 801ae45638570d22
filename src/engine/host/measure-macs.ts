/** @file How fast this machine multiplies matrices: what a model's cost is told from before it has run. */
import type { RowProducts } from '../inference'

const edge = 1024
const trials = 4

/** Multiply-accumulates a second, the best of a few products; some hundredths of a second. @throws EngineError RUNTIME */
export async function measureMacs(products: RowProducts): Promise<number> {
  const matrix = new Float32Array(edge * edge).fill(0.5)
  let best = Infinity
  for (let trial = 0; trial < trials; trial++) {
    const started = performance.now()
    await products(matrix, matrix, edge)
    best = Math.min(best, performance.now() - started)
  }
  return edge ** 3 / (best / 1000)
}
