import { describe, expect, it } from 'vitest'
import { firstState, mergeClusters, renameCluster, splitCluster, takenBack, withState, type ClusterState, type StoredClustering } from '../../../src/engine/host/clustering-states'
import { thrownBy } from '../../helpers/thrown'

const shown = ({ labels, clusters }: ClusterState) => ({ labels: [...labels], clusters: clusters.map(({ id, name }) => `${id} ${name}`) })
const three = firstState(Int32Array.of(2, 2, 2, 0, 1, 1, -1), 3)

function stored(state: ClusterState): StoredClustering {
  return { clusteringId: 'a', name: 'A', method: 'kmeans', modelId: 'm', pooling: 'cls', createdAt: '', seed: 0, hashes: [], places: new Map(), state, undo: [] }
}

describe('a clustering', () => {
  it('numbers its clusters by their size', () => {
    expect(shown(three)).toEqual({ labels: [0, 0, 0, 2, 1, 1, -1], clusters: ['0 Cluster 1', '1 Cluster 2', '2 Cluster 3'] })
  })

  it('merges clusters into the largest of them', () => {
    expect(shown(mergeClusters(renameCluster(three, 1, 'Birds'), [2, 1]))).toEqual({ labels: [0, 0, 0, 1, 1, 1, -1], clusters: ['0 Cluster 1', '1 Birds'] })
  })

  it('divides a cluster into parts, of which the largest keeps its id and the others get free ones', () => {
    const merged = mergeClusters(three, [1, 2])
    expect(shown(splitCluster(merged, 0, Int32Array.of(1, 0, 0), 2))).toEqual({ labels: [2, 0, 0, 1, 1, 1, -1], clusters: ['0 Cluster 1 (1)', '2 Cluster 1 (2)', '1 Cluster 2'] })
  })

  it('takes back changes one by one, the last twenty of them', () => {
    let clustering = stored(three)
    for (let change = 0; change < 25; change++) clustering = withState(clustering, renameCluster(clustering.state, 0, `Name ${change}`))
    expect(clustering.undo.length).toBe(20)
    for (let change = 23; change >= 4; change--) {
      clustering = takenBack(clustering)
      expect(clustering.state.clusters[0]?.name).toBe(`Name ${change}`)
    }
    expect(() => takenBack(clustering)).toThrow('there is no change of "A" to take back')
  })

  it('knows no clusters that are not there', async () => {
    for (const change of [() => renameCluster(three, 7, 'x'), () => mergeClusters(three, [0, 7]), () => splitCluster(three, 7, Int32Array.of(), 2)]) expect(await thrownBy(change)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await thrownBy(() => mergeClusters(three, [1, 1]))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})
