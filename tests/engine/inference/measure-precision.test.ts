/** @file What a comparison of precisions tells: cosines, neighbours and times, of backbones whose tokens are known. */
import { describe, expect, it } from 'vitest'
import { measurePrecision, type Backbone, type PrecisionPicture } from '../../../src/engine/inference'
import { prepareEvaluation } from '../../../src/engine/image'
import type { Progress } from '../../../src/engine/contract'
import { countedPicture, countedTokens, countingBackbone } from '../../helpers/counting-backbone'

const { manifest, config } = countingBackbone()
const pictures = (count: number): PrecisionPicture[] => Array.from({ length: count }, (_, number) => async () => prepareEvaluation(await countedPicture(number), manifest.preprocessing, config.patchSize))
const context = { signal: new AbortController().signal, emit: () => undefined }

describe('a comparison', () => {
  it('of a model with itself finds no difference', async () => {
    const { cls, patches, overlap, neighbours, ...rest } = await measurePrecision(countingBackbone(), countingBackbone(), pictures(25), context)
    expect([rest.pictures, neighbours, overlap]).toEqual([25, 10, 1])
    for (const value of [cls.mean, cls.worst, patches.mean, patches.worst]) expect(value).toBeCloseTo(1, 9)
  })

  it('tells how far the worst picture is, and which neighbours are still the same', async () => {
    // The first picture's CLS token is turned about; the others stay.
    const { cls: first } = await countedTokens(await countedPicture(0))
    const own = countingBackbone()
    const spoilt: Backbone = {
      ...own,
      embedPatches: async (batch) => {
        const tokens = await own.embedPatches(batch)
        const isFirst = (picture: number): boolean => first.every((value, index) => value === tokens.cls[picture * config.dim + index])
        return { ...tokens, cls: tokens.cls.map((value, index) => (isFirst(Math.floor(index / config.dim)) ? -value : value)) }
      },
    }
    const { cls, patches, overlap } = await measurePrecision(countingBackbone(), spoilt, pictures(8), context)
    expect([cls.worst, cls.mean]).toEqual([expect.closeTo(-1, 9), expect.closeTo((7 - 1) / 8, 9)])
    expect(patches.worst).toBeCloseTo(1, 9)
    // It was nobody's neighbour any more, and its own are others.
    expect(overlap).toBeLessThan(1)
  })

  it('takes turns in going first, and tells how many times as fast', async () => {
    const order: string[] = []
    const named = (name: string, slowMs: number): Backbone => countingBackbone({ slowMs, onRun: () => void order.push(name) })
    const { speed, exactMs, ownMs } = await measurePrecision(named('exact', 40), named('own', 10), pictures(20), context)
    expect(order.slice(0, 2)).toEqual(['exact', 'own'])
    expect(order.slice(2, 6)).toEqual(['exact', 'own', 'own', 'exact'])
    expect(speed.median).toBeGreaterThan(2)
    expect(speed.low).toBeLessThanOrEqual(speed.median)
    expect(speed.median).toBeLessThanOrEqual(speed.high)
    expect([exactMs >= 39, ownMs >= 9, ownMs < exactMs]).toEqual([true, true, true])
  })

  it('goes on without pictures that cannot be read, and ends where too few are left', async () => {
    const broken: PrecisionPicture = () => Promise.resolve(undefined)
    const told: Progress[] = []
    const { pictures: read, neighbours } = await measurePrecision(countingBackbone(), countingBackbone(), [broken, ...pictures(5), broken], { ...context, emit: (progress) => told.push(progress) })
    expect([read, neighbours, told.at(-1)?.done, told.at(-1)?.total]).toEqual([5, 2, 7, 7])
    await expect(measurePrecision(countingBackbone(), countingBackbone(), [broken, ...pictures(3)], context)).rejects.toMatchObject({ code: 'BAD_REQUEST', message: 'comparing needs at least 4 pictures that can be read; 3 of 4 could' })
  })

  it('ends when it is cancelled', async () => {
    const controller = new AbortController()
    const own = countingBackbone({ onRun: () => { controller.abort() } })
    await expect(measurePrecision(countingBackbone(), own, pictures(30), { ...context, signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(own.seen.pictures).toBe(1)
  })

  it('runs the last pictures again where there are too few for a spread of times', async () => {
    const [exact, own] = [countingBackbone({ slowMs: 60 }), countingBackbone()]
    const { pictures: read } = await measurePrecision(exact, own, pictures(5), context)
    // Once to load, five pictures in two runs of one and four or so, and rounds up to eight.
    expect(read).toBe(5)
    expect(exact.seen.pictures).toBeGreaterThanOrEqual(1 + 5 + 6)
    expect(own.seen.pictures).toBe(exact.seen.pictures)
  })
})
