/** @file Looking at pictures in tiles: every patch is seen, what overlaps adds up, and tokens are about those of one look. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PreparedImage } from '../../../src/engine/image'
import { analyseImage, analyseTiles, attentionOf, loadBackbone, lookCost, patchTokens, pcaOf, planTiles, similarityTo, type AnalysisState, type AxisTiles, type Backbone } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { openUntrainedModel } from '../../helpers/untrained-model'

const signal = new AbortController().signal

/** A smooth picture that repeats itself every 20 patches across and 15 down. */
function waves(rows: number, columns: number, patchSize = 14): PreparedImage {
  const [height, width] = [rows * patchSize, columns * patchSize]
  const rgb = new Uint8Array(height * width * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [across, down] = [(2 * Math.PI * x) / (20 * patchSize), (2 * Math.PI * y) / (15 * patchSize)]
      rgb.set([128 + 90 * Math.sin(across), 128 + 90 * Math.cos(down), 128 + 60 * Math.sin(across + down)], 3 * (y * width + x))
    }
  return { rgb, height, width, extent: { left: 0, top: 0, width: 1, height: 1 }, note: 'waves' }
}

function cosines(a: Float32Array, b: Float32Array, dim: number): number[] {
  return Array.from({ length: a.length / dim }, (_, row) => {
    let [product, left, right] = [0, 0, 0]
    for (let column = row * dim; column < (row + 1) * dim; column++) {
      product += a[column]! * b[column]!
      left += a[column]! ** 2
      right += b[column]! ** 2
    }
    return product / Math.sqrt(left * right)
  })
}

describe('planTiles', () => {
  it.each([
    [1, 1],
    [37, 37],
    [38, 37],
    [80, 809],
    [256, 256],
    [1, 65_536],
    [3, 500],
    [1000, 2],
    [65, 64],
  ])('covers %i × %i patches by tiles that can be run, and weighs them to 1', (height, width) => {
    const { down, across } = planTiles({ height, width })
    const sums = ({ starts, weights }: AxisTiles, count: number): number[] => {
      const total = Array.from({ length: count }, () => 0)
      starts.forEach((start, tile) => {
        weights[tile]!.forEach((weight, at) => (total[start + at]! += weight))
      })
      return total
    }
    expect(down.length * across.length).toBeLessThanOrEqual(1369)
    expect(Math.max(down.length, across.length)).toBeLessThanOrEqual(74)
    for (const [axis, count] of [[down, height], [across, width]] as const) {
      expect([axis.starts[0], axis.starts.at(-1)! + axis.length]).toEqual([0, count])
      expect(Math.max(...sums(axis, count).map((sum) => Math.abs(sum - 1)))).toBeLessThan(1e-6)
    }
  })

  it('lets neighbours share at least ten patches, and counts a tile least at its ends', () => {
    const { across } = planTiles({ height: 80, width: 809 })
    expect(across.starts.slice(1).every((start, index) => across.starts[index]! + across.length - start >= 10)).toBe(true)
    const inner = across.weights[3]!
    expect([inner[0]! < 0.2, inner[inner.length >> 1]]).toEqual([true, 1])
  })
})

describe('a look in tiles', () => {
  let runtime: Runtime
  let untrained: Awaited<ReturnType<typeof openUntrainedModel>>
  let backbone: Backbone
  let whole: AnalysisState
  let tiled: AnalysisState
  const runs: (readonly number[])[] = []
  beforeAll(async () => {
    runtime = await createRuntime({ preferred: 'cpu' })
    untrained = await openUntrainedModel()
    backbone = loadBackbone(runtime, untrained.model)
    whole = await analyseImage(backbone, waves(40, 60))
    tiled = await analyseTiles(backbone, waves(40, 60), waves(20, 30), { signal, onRun: (done, all) => runs.push([done, all]) })
  })
  afterAll(async () => {
    await backbone.dispose()
    await runtime.dispose()
    await untrained.remove()
  })

  it('has a token for every patch, and says how it was made', () => {
    expect({ grid: tiled.grid, batch: tiled.batch.grid, tiles: tiled.tiles, tokens: tiled.tokens.length, lengths: tiled.lengths.length, note: tiled.note }).toEqual({
      grid: { height: 40, width: 60 },
      batch: { height: 20, width: 30 },
      tiles: 4,
      tokens: whole.tokens.length,
      lengths: 2400,
      note: 'Looked at in 4 tiles of 25 × 35 patches that overlap, with position embeddings of that size; patch tokens blended where tiles meet. CLS and attention are those of the whole picture at 420 × 280',
    })
    expect(runs).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]))
  })

  it('sees about what one look sees, at the seams as elsewhere', () => {
    const found = cosines(patchTokens(tiled), patchTokens(whole), backbone.config.dim)
    // The middle of what tiles share: columns 25 to 34, rows 15 to 24.
    const seam = found.filter((_, patch) => Math.abs((patch % 60) - 29.5) < 3 || Math.abs(Math.floor(patch / 60) - 19.5) < 3)
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    // Measured: 0.9988 on average and 0.989 at the least; at the seams 0.9989 and 0.993.
    expect(mean(found)).toBeGreaterThan(0.995)
    expect(Math.min(...found)).toBeGreaterThan(0.97)
    expect(mean(seam)).toBeGreaterThan(0.995)
    expect(Math.min(...seam)).toBeGreaterThan(0.98)
  })

  it('has the tokens of one look exactly where one tile is enough', async () => {
    const small = waves(20, 30)
    const [once, inTiles] = [await analyseImage(backbone, small), await analyseTiles(backbone, small, small, { signal })]
    expect({ tiles: inTiles.tiles, tokens: inTiles.tokens, lengths: inTiles.lengths, attention: await attentionOf(inTiles, 3, 'cls') }).toEqual({ tiles: 1, tokens: once.tokens, lengths: once.lengths, attention: await attentionOf(once, 3, 'cls') })
  })

  it('answers attention, similarity and PCA over the finer grid', async () => {
    const [attention, ofPatch, { cosine }, pca] = [await attentionOf(tiled, 3, 'cls'), await attentionOf(tiled, 3, 2399), await similarityTo(tiled, 2399), await pcaOf(tiled)]
    const sums = [...attention.patchShare].map((_, head) => attention.weights.subarray(2400 * head, 2400 * head + 2400).reduce((sum, weight) => sum + weight, 0))
    sums.forEach((sum, head) => {
      expect(sum).toBeCloseTo(attention.patchShare[head]!, 4)
    })
    expect([attention.weights.length, ofPatch.weights.length, cosine.length, pca.rgb.length, pca.foreground.length]).toEqual([7200, 7200, 2400, 7200, 2400])
    expect(cosine[2399]).toBeCloseTo(1, 5)
    await expect(similarityTo(tiled, 2400)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('ends between two tiles when it is cancelled', async () => {
    const cancel = new AbortController()
    const stopped = analyseTiles(backbone, waves(40, 60), waves(20, 30), { signal: cancel.signal, onRun: () => cancel.abort(new Error('enough')) })
    await expect(stopped).rejects.toThrow('enough')
  })

  it('is estimated by its tiles, its memory growing with the picture alone', () => {
    const { config } = backbone
    const cost = (height: number, width: number): ReturnType<typeof lookCost> => lookCost(config, { height, width }, 1_000_000, 5_000_000, 2304)
    const [large, larger] = [cost(80, 400), cost(80, 800)]
    expect([large.tiles, larger.tiles]).toEqual([45, 90])
    expect(larger.macs / large.macs).toBeGreaterThan(1.8)
    expect(larger.bytes - large.bytes).toBe(80 * 400 * (3 * 14 ** 2 + 4 * config.dim))
  })
})
