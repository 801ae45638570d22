import { describe, expect, it } from 'vitest'
import { createBacklog } from '../../../src/engine/library/backlog'

describe('createBacklog', () => {
  it('gives every item to one taker, also to those who waited, and ends for all', async () => {
    const backlog = createBacklog<number>()
    const takers = [0, 1, 2].map(async () => {
      const taken: number[] = []
      for (let item = await backlog.next(); item !== undefined; item = await backlog.next()) taken.push(item)
      return taken
    })
    backlog.push([1, 2])
    await new Promise((resolve) => setImmediate(resolve))
    backlog.push([3, 4, 5])
    backlog.close()
    expect((await Promise.all(takers)).flat().sort()).toEqual([1, 2, 3, 4, 5])
  })
})
