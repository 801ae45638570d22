import { describe, expect, it } from 'vitest'
import { prefetch } from '../../../src/engine/inference/prefetch'

const idle = new AbortController().signal

async function collect<T>(generator: AsyncGenerator<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of generator) all.push(value)
  return all
}

describe('prefetch', () => {
  it('keeps the order, whatever ends first', async () => {
    const items = Array.from({ length: 100 }, () => ({}))
    const map = async (_item: object, index: number): Promise<number> => {
      for (let turn = 0; turn < (index * 7) % 5; turn++) await new Promise(setImmediate)
      return index
    }
    expect(await collect(prefetch(items, idle, map))).toEqual(items.map((_item, index) => index))
  })

  it.each([
    ['small files', 1000, 48],
    ['files of 100 MB', 100 * 2 ** 20, 2],
  ])('has a bounded number of %s under way', async (_what, sizeBytes, most) => {
    let underway = 0
    let largest = 0
    const items = Array.from({ length: 200 }, () => ({ sizeBytes }))
    await collect(
      prefetch(items, idle, async () => {
        largest = Math.max(largest, ++underway)
        await new Promise(setImmediate)
        underway--
      }),
    )
    expect(largest).toBe(most)
  })

  it('ends at once when cancelled, even while an item takes for ever', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    setImmediate(() => { controller.abort(reason) })
    await expect(collect(prefetch([{}], controller.signal, () => new Promise(() => undefined)))).rejects.toBe(reason)
  })

  it('throws what an item throws when its turn comes', async () => {
    const seen: number[] = []
    const map = (_item: object, index: number): Promise<number> => (index === 2 ? Promise.reject(new Error('third')) : Promise.resolve(index))
    const work = async (): Promise<void> => {
      for await (const value of prefetch([{}, {}, {}, {}], idle, map)) seen.push(value)
    }
    await expect(work()).rejects.toThrow('third')
    expect(seen).toEqual([0, 1])
  })
})
