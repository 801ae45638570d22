/** @file A map by UMAP: exact neighbours first, then a layout that keeps neighbours together. */
import { createProgress } from '../../progress'
import { EngineError } from '../../contract'
import { nearestNeighbours, type Neighbours } from '../neighbours'
import type { VectorSet } from '../vector-set'
import { fitToExtent } from './extent'
import { layOutInThread, type RunLayout } from './layout-thread'
import { projectPca, type MapOptions } from './pca'

export interface UmapSettings {
  readonly dims: 2 | 3
  /** Neighbours of each point that its place is decided by, itself not among them. */
  readonly neighbours: number
  /** Distance of points that touch, where neighbouring points lie about 1 apart. */
  readonly minDist: number
  readonly seed: number
}

export interface UmapOptions extends MapOptions {
  /** Where the layout runs; a thread of its own unless told otherwise. */
  readonly runLayout?: RunLayout
}

/** A graph of so few has no shape that a layout could show, and the spectral start wants more points than dimensions. */
const fewestPoints = 8
const shareUnits = 1000

/** 1 − cosine, at least 0: float32 [count, k]. */
function cosineDistances({ cosines, positions }: Neighbours): Float32Array {
  const distances = new Float32Array(cosines.length)
  for (let index = 0; index < distances.length; index++) {
    // Vectors that hold numbers which are none have fewer neighbours than there are points.
    if (positions[index]! < 0) throw new EngineError('INTERNAL', 'projectUmap: a vector is not of finite numbers')
    distances[index] = Math.max(0, 1 - cosines[index]!)
  }
  return distances
}

/**
 * Lays the vectors out by their exact nearest neighbours under cosine. Fewer than eight points are mapped by PCA.
 * @returns float32 [points, dims], centred, longest extent 2; the same for the same vectors, settings and machine
 * @throws EngineError INTERNAL; the signal's reason
 */
export async function projectUmap(set: VectorSet, { dims, neighbours, minDist, seed }: UmapSettings, options: UmapOptions): Promise<Float32Array> {
  const { products, signal, emit, runLayout = layOutInThread } = options
  const count = set.rows.length
  if (count < fewestPoints) return (await projectPca(set, dims, options)).coordinates
  const search = createProgress('Finding neighbours', count, emit)
  let searched = 0
  const nearest = await nearestNeighbours(set, Math.min(neighbours, count - 1), {
    products,
    signal,
    onProgress: (done) => {
      search.advance(done - searched)
      searched = done
    },
  })
  search.finish()
  const layout = createProgress('Laying out the map', shareUnits, emit)
  let laidOut = 0
  const request = { count, dims, positions: nearest.positions, distances: cosineDistances(nearest), minDist, seed }
  const coordinates = await runLayout(request, signal, (share) => {
    const units = Math.floor(share * shareUnits)
    layout.advance(units - laidOut)
    laidOut = units
  })
  layout.advance(shareUnits - laidOut)
  layout.finish()
  return fitToExtent(coordinates, dims)
}
