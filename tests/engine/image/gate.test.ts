import { describe, expect, it } from 'vitest'
import { createGate } from '../../../src/engine/image/gate'

describe('createGate', () => {
  it('lets one through at a time, in order, also after one has failed', async () => {
    const pass = createGate()
    const log: string[] = []
    const work = (name: string, fails = false) => async (): Promise<string> => {
      log.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      log.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    }
    const results = await Promise.allSettled([pass(work('first')), pass(work('second', true)), pass(work('third'))])
    expect({ log, results: results.map(({ status }) => status) }).toEqual({
      log: ['first begins', 'first ends', 'second begins', 'second ends', 'third begins', 'third ends'],
      results: ['fulfilled', 'rejected', 'fulfilled'],
    })
  })
})
