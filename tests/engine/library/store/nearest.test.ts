import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Pooling } from '../../../../src/engine/contract'
import { thrownBy } from '../../../helpers/thrown'
import { damageFile, filesOf } from './support/damage'
import { dim, hashOf, key, manyVectors, vectorsOf } from './support/rows'
import { useScratch, vectorsFolder, withStore } from './support/scratch'

const scratch = useScratch()
const count = 1500

function vectorOf(number: number, pooling: Pooling): Float32Array {
  const { cls, mean } = vectorsOf(number)
  return pooling === 'cls+mean' ? Float32Array.of(...cls, ...mean) : { cls, mean }[pooling]
}

function dot(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, value, index) => sum + value * right[index]!, 0)
}

/** Parts at unit length, as they are compared. */
function unit(vector: Float32Array): Float32Array {
  const parts = Array.from({ length: vector.length / dim }, (_, part) => vector.subarray(part * dim, (part + 1) * dim))
  const units = parts.flatMap((part) => [...part.map((value) => value / Math.sqrt(dot(part, part)))])
  return Float32Array.from(units, (value) => value / Math.sqrt(parts.length))
}

/** The `top` nearest of the first `among` pictures, by looking at each. */
function plainNearest(query: Float32Array, pooling: Pooling, top: number, among: number): readonly (readonly [hash: string, cosine: number])[] {
  const length = Math.sqrt(dot(query, query))
  const all = Array.from({ length: among }, (_, number) => [hashOf(number), dot(query, unit(vectorOf(number, pooling))) / length] as const)
  return all.sort((left, right) => right[1] - left[1]).slice(0, top)
}

const poolings: readonly Pooling[] = ['cls', 'mean', 'cls+mean']
/** Neither of unit length nor of a picture. */
const queryOf = (pooling: Pooling): Float32Array => vectorOf(5000, pooling).map((value, index) => 3 * value + (index < dim ? 0.2 : 0))

test.each(poolings)('exact search by %s finds what looking at each picture finds', async (pooling) => {
  await withStore(scratch('exact'), async (store) => {
    const table = await store.vectors(key)
    expect(await table.nearest(queryOf(pooling), pooling, 5, 'exact')).toEqual([])
    await table.append(manyVectors(200))
    const near = await table.nearest(queryOf(pooling), pooling, 20, 'exact')
    const expected = plainNearest(queryOf(pooling), pooling, 20, 200)
    expect(near.map(({ hash }) => hash)).toEqual(expected.map(([hash]) => hash))
    near.forEach(({ cosine }, place) => { expect(cosine).toBeCloseTo(expected[place]![1], 5) })
    expect(await table.nearest(queryOf(pooling), pooling, 1000, 'exact')).toHaveLength(200)
    expect(await thrownBy(() => table.nearest(new Float32Array(3), pooling, 1, 'exact'))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describe('the index', () => {
  const build = { signal: new AbortController().signal }

  test('finds nearly all that exact search finds, tells what it knows, and takes in what comes after it', async () => {
    const folder = scratch('index')
    const foundShare = async (among: number, pooling: Pooling): Promise<number> =>
      withStore(folder, async (store) => {
        const table = await store.vectors(key)
        let shared = 0
        for (let query = 0; query < 20; query++) {
          const near = (await table.nearest(vectorOf(query * 61, pooling), pooling, 10, 'index')).map(({ hash }) => hash)
          shared += plainNearest(vectorOf(query * 61, pooling), pooling, 10, among).filter(([hash]) => near.includes(hash)).length
        }
        return shared / 200
      })
    await withStore(folder, async (store) => {
      const table = await store.vectors(key)
      expect(await thrownBy(() => table.buildIndex('cls', build))).toMatchObject({ code: 'BAD_REQUEST' })
      await table.append(manyVectors(count))
      expect([await table.indexed('cls'), await thrownBy(() => table.nearest(queryOf('cls'), 'cls', 5, 'index'))]).toEqual([undefined, expect.objectContaining({ code: 'NOT_FOUND' })])
      await table.buildIndex('cls', build)
      expect([await table.indexed('cls'), await table.indexed('cls+mean')]).toEqual([{ vectors: count, builtAt: expect.stringMatching(/^\d{4}-.*Z$/) }, undefined])
      const shares: number[] = []
      await table.buildIndex('cls+mean', { ...build, onProgress: (share) => shares.push(share) })
      expect(shares).toEqual([0, 0.5, 1])
    })
    expect(await foundShare(count, 'cls')).toBeGreaterThan(0.95)
    expect(await foundShare(count, 'cls+mean')).toBeGreaterThan(0.95)
    // So many small commits that all is written together, by which rows move.
    await withStore(folder, async (store) => {
      const table = await store.vectors(key)
      for (let first = count; first < 3300; first += 60) await table.append(manyVectors(60, first))
    })
    const data = await filesOf(await vectorsFolder(folder), 'data')
    const sizes = await Promise.all(data.map(async (path) => (await stat(path)).size))
    expect(sizes.slice(1).filter((size) => size > 0.9 * sizes[0]!)).toHaveLength(1)
    // Sixteen bits for each of 3300 vectors in no order at all.
    expect(await foundShare(3300, 'cls')).toBeGreaterThan(0.9)
  })

  test('is dropped and told of where it is damaged, and search is exact', async () => {
    const folder = scratch('damaged')
    await withStore(folder, async (store) => {
      const table = await store.vectors(key)
      await table.append(manyVectors(count))
      await table.buildIndex('cls', build)
    })
    const indexes = join(await vectorsFolder(folder), '_indices')
    for (const name of await readdir(indexes, { recursive: true })) if ((await stat(join(indexes, name))).isFile()) await damageFile(join(indexes, name), 'zeroed')
    await withStore(folder, async (store, mended) => {
      const table = await store.vectors(key)
      const near = await table.nearest(queryOf('cls'), 'cls', 10, 'index')
      expect(near.map(({ hash }) => hash)).toEqual(plainNearest(queryOf('cls'), 'cls', 10, count).map(([hash]) => hash))
      expect(mended.map(({ what }) => what)).toEqual(['the index of cls vectors was damaged; search is exact until it is built again'])
      expect(await table.indexed('cls')).toBeUndefined()
    })
  })

  test('is not there after it was cancelled', async () => {
    await withStore(scratch('cancelled'), async (store) => {
      const table = await store.vectors(key)
      await table.append(manyVectors(count))
      const controller = new AbortController()
      const building = thrownBy(() => table.buildIndex('cls+mean', { signal: controller.signal }))
      setTimeout(() => { controller.abort() }, 1)
      expect(await building).toMatchObject({ name: 'AbortError' })
      // Comes after whatever is still being built or dropped.
      await table.append(manyVectors(1, count))
      await table.append(manyVectors(1, count + 1))
      expect(await table.indexed('cls+mean')).toBeUndefined()
    })
  })
})

test('a reader searches around what is damaged', async () => {
  const folder = scratch('reader')
  await withStore(folder, async (store) => {
    const table = await store.vectors(key)
    for (const first of [0, 100, 200]) await table.append(manyVectors(100, first))
  })
  await damageFile((await filesOf(await vectorsFolder(folder), 'data'))[2]!, 'emptied')
  await withStore(
    folder,
    async (store) => {
      const near = await (await store.vectors(key)).nearest(queryOf('cls'), 'cls', 10, 'exact')
      expect(near.map(({ hash }) => hash)).toEqual(plainNearest(queryOf('cls'), 'cls', 10, 200).map(([hash]) => hash))
    },
    'read',
  )
})
