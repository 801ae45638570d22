/** @file Only the newest waiting request is sent, one at a time, and cancelled answers are not told. */
import { describe, expect, it, vi } from 'vitest'
import { createLatest } from '../../../src/renderer/services/latest'
import { deferred } from '../page'

function setUp() {
  const runs: { readonly argument: number; readonly settle: ReturnType<typeof deferred<string>> }[] = []
  const told: unknown[] = []
  const latest = createLatest<number, string>({
    run: (argument) => {
      const settle = deferred<string>()
      runs.push({ argument, settle })
      return settle.promise
    },
    onResult: (result, argument) => told.push([argument, result]),
    onError: (error, argument) => told.push([argument, (error as Error).message]),
  })
  return { latest, runs, told }
}

describe('createLatest', () => {
  it('sends the first at once and of those that wait only the last', async () => {
    const { latest, runs, told } = setUp()
    for (const argument of [1, 2, 3, 4]) latest.request(argument)
    expect(runs.map(({ argument }) => argument)).toEqual([1])
    runs[0]?.settle.resolve('one')
    await vi.waitFor(() => {
      expect(runs.map(({ argument }) => argument)).toEqual([1, 4])
    })
    runs[1]?.settle.resolve('four')
    await vi.waitFor(() => {
      expect(told).toEqual([[1, 'one'], [4, 'four']])
    })
  })

  it('goes on after an error', async () => {
    const { latest, runs, told } = setUp()
    latest.request(1)
    latest.request(2)
    runs[0]?.settle.reject(new Error('no'))
    await vi.waitFor(() => {
      expect(runs).toHaveLength(2)
    })
    expect(told).toEqual([[1, 'no']])
  })

  it('tells nothing of what was cancelled and starts anew at once', async () => {
    const { latest, runs, told } = setUp()
    latest.request(1)
    latest.request(2)
    latest.cancel()
    latest.request(3)
    expect(runs.map(({ argument }) => argument)).toEqual([1, 3])
    runs[0]?.settle.resolve('one')
    runs[1]?.settle.resolve('three')
    await vi.waitFor(() => {
      expect(told).toEqual([[3, 'three']])
    })
  })
})
