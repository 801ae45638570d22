import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createClusterings } from '../../../src/engine/host/clusterings'
import { firstState, renameCluster, mergeClusters, takenBack, withState, type StoredClustering } from '../../../src/engine/host/clustering-states'
import { temporaryFolder } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'

const silent = (): void => undefined
const hash = (digit: string): string => digit.repeat(64)

function stored(id: string): StoredClustering {
  const hashes = ['1', '2', '3', '4'].map(hash)
  return {
    clusteringId: id.repeat(24),
    name: `Clustering ${id}`,
    method: 'density',
    modelId: 'm',
    pooling: 'mean',
    createdAt: `2026-01-0${id}T00:00:00.000Z`,
    seed: 3,
    hashes,
    places: new Map(hashes.map((one, place) => [one, place])),
    state: firstState(Int32Array.of(0, 0, 1, -1), 2),
    undo: [],
  }
}

describe('clusterings on the disk', () => {
  it('come back with their changes, newest first', async () => {
    const folder = await temporaryFolder()
    const clusterings = createClusterings(folder, silent)
    await clusterings.add(stored('1'))
    await clusterings.add(stored('2'))
    const id = '1'.repeat(24)
    await clusterings.change(id, (one) => Promise.resolve(withState(one, renameCluster(one.state, 1, 'Boats'))))
    await clusterings.change(id, (one) => Promise.resolve(withState(one, mergeClusters(one.state, [0, 1]))))
    const again = createClusterings(folder, silent)
    expect(await again.list()).toEqual(await clusterings.list())
    expect((await again.list()).map(({ name }) => name)).toEqual(['Clustering 2', 'Clustering 1'])
    const { state, undo } = await again.find(id)
    expect([[...state.labels], undo.map(({ clusters }) => clusters.map(({ name }) => name))]).toEqual([[0, 0, 0, -1], [['Cluster 1', 'Cluster 2'], ['Cluster 1', 'Boats']]])
    // Labels that a rename left as they were are there once, and those that nothing refers to any more are gone.
    expect((await readdir(join(folder, id))).length).toBe(4)
    await again.change(id, (one) => Promise.resolve(takenBack(one)))
    expect((await readdir(join(folder, id))).length).toBe(3)
  })

  it('stay as they were when a change fails, and are gone when they are removed', async () => {
    const folder = await temporaryFolder()
    const clusterings = createClusterings(folder, silent)
    await clusterings.add(stored('1'))
    const before = await clusterings.list()
    expect(await thrownBy(() => clusterings.change('1'.repeat(24), () => Promise.reject(new Error('no'))))).toEqual(new Error('no'))
    expect(await clusterings.list()).toEqual(before)
    await clusterings.remove('1'.repeat(24))
    expect([await clusterings.list(), await readdir(folder)]).toEqual([[], []])
    expect(await thrownBy(() => clusterings.find('1'.repeat(24)))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it.each([
    ['its description cut off', (folder: string) => truncate(join(folder, 'clustering.json'), 40)],
    ['another content', (folder: string) => writeFile(join(folder, 'contents.bin'), Buffer.alloc(128))],
    ['no labels', async (folder: string) => {
      const name = (await readdir(folder)).find((one) => one.startsWith('labels-'))!
      await writeFile(join(folder, name), (await readFile(join(folder, name))).subarray(0, 8))
    }],
  ])('that have %s are told and moved aside, and the rest goes on', async (_, damage) => {
    const folder = await temporaryFolder()
    const clusterings = createClusterings(folder, silent)
    await clusterings.add(stored('1'))
    await clusterings.add(stored('2'))
    await damage(join(folder, '1'.repeat(24)))
    const told: string[] = []
    const again = createClusterings(folder, (line) => told.push(line))
    expect((await again.list()).map(({ name }) => name)).toEqual(['Clustering 2'])
    expect(told).toEqual([expect.stringMatching(/^clustering 1+ is damaged and was moved aside to 1+\.corrupt-\d+: /)])
    expect((await readdir(folder)).sort()).toEqual([expect.stringMatching(/^1+\.corrupt-\d+$/), '2'.repeat(24)])
  })
})
