/** @file UMAP's layout of a neighbour graph, by the WASM of embedding-atlas. Blocks its thread for the whole of it. */
import { createUMAPFromKNN } from 'embedding-atlas/umap'
import { EngineError } from '../../contract'

/** Everything of a layout; plain data, so that it crosses to a thread. */
export interface LayoutRequest {
  readonly count: number
  readonly dims: 2 | 3
  /** Neighbours of each point, nearest first: int32 [count, k]. */
  readonly positions: Int32Array
  /** Their distances, finite: float32 [count, k]. */
  readonly distances: Float32Array
  readonly minDist: number
  readonly seed: number
}

/** What the library's share of all its work is before a graph that it is given: it would have looked for neighbours first. */
const neighbourShare = 0.3

/**
 * Graph of fuzzy neighbourhoods, spectral start, and epochs of stochastic gradients whose rate falls to 0: 500 of them, or
 * 200 for many points, as the reference implementation does. Source: McInnes, Healy, Melville, UMAP (arXiv 1802.03426).
 * @returns float32 [count, dims], the same for the same request
 * @throws EngineError INTERNAL when the layout is not of finite numbers
 */
export async function layOut({ count, dims, positions, distances, minDist, seed }: LayoutRequest, onShare: (share: number) => void): Promise<Float32Array<ArrayBuffer>> {
  const umap = await createUMAPFromKNN(count, dims, positions, distances, {
    minDist,
    seed,
    progress: (share) => {
      onShare(Math.max(0, (share - neighbourShare) / (1 - neighbourShare)))
    },
  })
  try {
    await umap.run()
    const coordinates = new Float32Array(umap.embedding)
    if (coordinates.length !== count * dims || !coordinates.every(Number.isFinite)) throw new EngineError('INTERNAL', `the layout of ${count} points is not of finite numbers`, { detail: { dims, minDist, seed } })
    return coordinates
  } finally {
    umap.destroy()
  }
}
