import { beforeAll, describe, expect, it } from 'vitest'
import { measureMap, projectUmap, type UmapOptions } from '../../../../src/engine/collection'
import { layOut } from '../../../../src/engine/collection/map/layout'
import { layOutInThread, type RunLayout } from '../../../../src/engine/collection/map/layout-thread'
import type { Progress } from '../../../../src/engine/contract'
import { randomStream } from '../../../../src/engine/tensor'
import { blobs, plainProducts, randomSet, vectorSet } from '../../../helpers/vector-sets'
import { thrownBy } from '../../../helpers/thrown'

/** In this thread, so that the sources themselves are tested. */
const here: RunLayout = (request, _signal, onShare) => layOut(request, onShare)
const options: UmapOptions = { products: plainProducts, signal: new AbortController().signal, emit: () => undefined, runLayout: here }
const settings = { dims: 2, neighbours: 10, minDist: 0.1, seed: 5 } as const

describe('a map by UMAP', () => {
  const { set, labels } = blobs([60, 60, 60], 16, 0.3, 1)
  let map: Float32Array
  beforeAll(async () => {
    map = await projectUmap(set, settings, options)
  })

  it('keeps blobs apart: the nearest on the map are of the same blob', async () => {
    let same = 0
    for (let point = 0; point < 180; point++) {
      const distance = (other: number): number => Math.hypot(map[2 * point]! - map[2 * other]!, map[2 * point + 1]! - map[2 * other + 1]!)
      const nearest = Array.from({ length: 180 }, (_, other) => other).filter((other) => other !== point).sort((a, b) => distance(a) - distance(b))[0]!
      if (labels[nearest] === labels[point]) same++
    }
    expect(same).toBe(180)
    const measure = (coordinates: Float32Array) => measureMap(set, coordinates, 2, { ...options, neighbours: 10, seed: 1 })
    const random = randomStream(3)
    const [good, chance] = [await measure(map), await measure(Float32Array.from(map, () => random.uniform()))]
    expect(good?.trustworthiness).toBeGreaterThan(0.85)
    expect(chance?.trustworthiness).toBeLessThan(0.6)
  })

  it('is the same for a seed, another for another, and centred with a longest extent of 2', async () => {
    expect(await projectUmap(set, settings, options)).toEqual(map)
    expect(await projectUmap(set, { ...settings, seed: 6 }, options)).not.toEqual(map)
    const extents = [0, 1].map((axis) => {
      const values = Array.from(map).filter((_, index) => index % 2 === axis)
      return { middle: (Math.min(...values) + Math.max(...values)) / 2, length: Math.max(...values) - Math.min(...values) }
    })
    expect(extents.map(({ middle }) => Math.abs(middle) < 1e-6)).toEqual([true, true])
    expect(Math.max(...extents.map(({ length }) => length))).toBeCloseTo(2, 5)
  })

  it('has a sane answer for few points and for equal ones', async () => {
    for (const count of [0, 1, 2, 5, 8, 12]) {
      const few = await projectUmap(randomSet(count, 6, 4), { ...settings, dims: 3, neighbours: 15 }, options)
      expect({ count, length: few.length, within: few.every((value) => Math.abs(value) <= 1 + 1e-6) }).toEqual({ count, length: 3 * count, within: true })
    }
    const equal = await projectUmap(vectorSet(4, new Float32Array(80).fill(1)), settings, options)
    expect(equal.every(Number.isFinite)).toBe(true)
  })

  it('tells of its parts as they go on', async () => {
    const told: Progress[] = []
    await projectUmap(set, settings, { ...options, emit: (progress) => told.push(progress) })
    expect([...new Set(told.map(({ title }) => title))]).toEqual(['Finding neighbours', 'Laying out the map'])
    expect(told.at(-1)?.value).toBe(1)
  })
})

describe('the thread of a layout', () => {
  const inThread: UmapOptions = { ...options, runLayout: layOutInThread }

  it('gives what the layout gives here', async () => {
    const { set } = blobs([20, 20], 8, 0.3, 2)
    expect(await projectUmap(set, settings, inThread)).toEqual(await projectUmap(set, settings, options))
  })

  it('ends at once when it is cancelled in the midst of it, while the event loop lives', async () => {
    const controller = new AbortController()
    let cancelledAt = 0
    const emit = ({ title, value }: Progress): void => {
      if (title !== 'Laying out the map' || value < 0.4 || controller.signal.aborted) return
      cancelledAt = performance.now()
      controller.abort(new Error('enough'))
    }
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    try {
      await expect(projectUmap(randomSet(1500, 4, 9), settings, { ...inThread, signal: controller.signal, emit })).rejects.toThrow('enough')
    } finally {
      clearInterval(timer)
    }
    expect(performance.now() - cancelledAt).toBeLessThan(1000)
    expect(turns).toBeGreaterThan(10)
  })

  it('tells why a layout failed', async () => {
    const request = { count: 10, dims: 2, positions: new Int32Array(20).fill(99), distances: new Float32Array(20), minDist: 0.1, seed: 1 } as const
    expect(await thrownBy(() => layOutInThread(request, new AbortController().signal, () => undefined))).toMatchObject({ code: 'INTERNAL' })
  })
})
