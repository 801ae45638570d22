import { describe, expect, it } from 'vitest'
import { createLanes } from '../../../src/engine/library/lanes'

/** Work that is over when the test says so, and a log of what began. */
function controlled() {
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => (): Promise<void> => {
    log.push(name)
    return new Promise((resolve) => ends.set(name, resolve))
  }
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { log, work, end }
}

describe('createLanes', () => {
  it('lets what is urgent pass, newest first, and the background wait until nothing urgent is left', async () => {
    const { log, work, end } = controlled()
    const { urgent, background } = createLanes(3, 2)
    for (const name of ['b1', 'b2', 'b3', 'b4']) void background(work(name))
    for (const name of ['u1', 'u2', 'u3']) void urgent(work(name))
    expect(log).toEqual(['b1', 'b2', 'u1'])
    await end('b1')
    expect(log).toEqual(['b1', 'b2', 'u1', 'u3'])
    await end('b2')
    expect(log).toEqual(['b1', 'b2', 'u1', 'u3', 'u2'])
    await end('u1')
    await end('u2')
    expect(log).toEqual(['b1', 'b2', 'u1', 'u3', 'u2'])
    await end('u3')
    expect(log).toEqual(['b1', 'b2', 'u1', 'u3', 'u2', 'b3', 'b4'])
  })

  it('passes results and failures on and frees the slot of either', async () => {
    const { urgent, background } = createLanes(1, 1)
    const results = await Promise.allSettled([urgent(() => Promise.reject(new Error('no'))), background(() => Promise.resolve(1)), urgent(() => Promise.resolve(2))])
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason)))).toEqual(['Error: no', 1, 2])
  })
})
