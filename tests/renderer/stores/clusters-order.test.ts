/** @file In which order clusters stand. */
import { expect, it } from 'vitest'
import type { Cluster } from '../../../src/engine/contract'
import { orderClusters } from '../../../src/renderer/stores/clusters-order'

const cluster = (id: number, name: string, size: number, tightness: number): Cluster => ({ id, name, size, tightness, representatives: new Uint32Array() })
const clusters = [cluster(0, 'Cluster 10', 9, 0.5), cluster(1, 'birds', 3, 0.9), cluster(2, 'Cluster 2', 9, 0.95)]

it.each([
  { by: 'size' as const, ids: [0, 2, 1] },
  { by: 'name' as const, ids: [1, 2, 0] },
  { by: 'tightness' as const, ids: [2, 1, 0] },
])('orders by $by', ({ by, ids }) => {
  expect(orderClusters(clusters, by).map(({ id }) => id)).toEqual(ids)
})
