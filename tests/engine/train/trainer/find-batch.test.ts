/** @file The search for the largest batch, over machines that are made up, and on this one. */
import { describe, expect, it } from 'vitest'
import { createRuntime } from '../../../../src/engine/runtime'
import { parseRecipe } from '../../../../src/engine/train'
import { findBatch, largestFitting } from '../../../../src/engine/train/trainer/find-batch'

/** Searches where a batch takes what `bytesOf` says, and remembers what was tried. */
async function search(budget: number, most: number, bytesOf: (batch: number) => number): Promise<{ readonly batch: number; readonly tried: readonly number[] }> {
  const tried: number[] = []
  const batch = await largestFitting(budget, most, (each) => {
    tried.push(each)
    return Promise.resolve(bytesOf(each))
  })
  return { batch, tried }
}

const line = (fixed: number, perPicture: number) => (batch: number) => fixed + perPicture * batch

describe('largestFitting', () => {
  it.each([
    ['a line', line(100, 10), 400, 64, { batch: 30, tried: [2, 4, 16, 30] }],
    ['room for everything', line(100, 10), 1e6, 64, { batch: 64, tried: [2, 4, 16, 64] }],
    ['few pictures', line(100, 10), 1e6, 7, { batch: 6, tried: [2, 4, 6] }],
    ['two pictures', line(100, 10), 1e6, 2, { batch: 2, tried: [2] }],
    ['no room for four', line(100, 10), 135, 64, { batch: 2, tried: [2, 4] }],
    ['what is taken in large pieces, so that small batches look free', (batch: number) => 100 + 64 * Math.ceil(batch / 8), 400, 64, { batch: 32, tried: [2, 4, 16, 48, 36, 32] }],
  ])('finds what fits: %s', async (_title, bytesOf, budget, most, expected) => {
    const { batch, tried } = await search(budget, most, bytesOf)
    expect({ batch, fits: bytesOf(batch) <= budget, tried: tried.slice(0, expected.tried.length) }).toEqual({ batch: expected.batch, fits: true, tried: expected.tried })
  })

  it('never tries much more than what was seen to fit, whatever the machine does', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const noise = (batch: number): number => 30 * Math.abs(Math.sin(seed * 100 + batch * 7.3))
      const bytesOf = (batch: number): number => 100 + 6 * batch + noise(batch)
      const { batch, tried } = await search(360, 64, bytesOf)
      expect(bytesOf(batch), `seed ${seed}, batch ${batch}`).toBeLessThanOrEqual(360)
      expect(tried.length).toBeLessThan(9)
      tried.slice(2).forEach((each, index) => { expect(each).toBeLessThanOrEqual(4 * tried[index + 1]!) })
    }
  })

  it('says what is needed where nothing fits', async () => {
    await expect(search(2 ** 30, 64, () => 3 * 2 ** 30)).rejects.toMatchObject({ code: 'MEMORY', message: expect.stringMatching(/^a batch of 2 needs 3\.00 GB and the budget is 1\.00 GB; /) as string })
  })
})

describe('findBatch', () => {
  const recipe = parseRecipe('preset: tiny-smoke\nrun:\n  batch: auto\n  memory_budget_gb: 0.5\n')

  it('measures the same in a process that has already taken much', async () => {
    const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
    const ballast: Float32Array[] = [new Float32Array(2 ** 28).fill(1)]
    ballast.pop()
    const notes: string[] = []
    const batch = await findBatch(runtime, recipe, 12, { note: (said) => notes.push(said) }, new AbortController().signal)
    await runtime.dispose()
    expect([batch, notes.at(-1), notes.length]).toEqual([12, 'batch 12 fits the memory', 4])
    // 200 000 parameters take megabytes; what the process had taken before is not counted.
    for (const note of notes.slice(0, -1)) expect(Number(/takes ([\d.]+)/.exec(note)?.[1])).toBeLessThan(0.2)
  })

  it('stops when it is told to', async () => {
    const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
    await expect(findBatch(runtime, recipe, 12, { note: () => undefined }, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
    await runtime.dispose()
  })
})
