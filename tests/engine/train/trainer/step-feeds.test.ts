import { describe, expect, it } from 'vitest'
import { keptCount } from '../../../../src/engine/nn'
import type { DropPath, StepSpec } from '../../../../src/engine/train/step'
import { maskUpperBound, type MaskOptions } from '../../../../src/engine/train/masking'
import { stepFeeds } from '../../../../src/engine/train/trainer/step-feeds'
import { studentGroups } from '../../../../src/engine/train/trainer/step-plan'
import { smallConfigs } from '../../../helpers/small-models'

const batch = 4
const masks: MaskOptions = { crops: 2 * batch, grid: { height: 6, width: 6 }, sampleProbability: 0.5, ratio: [0.1, 0.5], maxPatches: 18 }
const head = { inputDim: 32, hidden: 16, bottleneck: 8, prototypes: 12, layers: 3 }

function specOf(dropPath: DropPath): StepSpec {
  return {
    method: 'dinov2',
    config: { ...smallConfigs.dinov2, depth: 4 },
    head,
    ibotHead: undefined,
    batch,
    globalSize: 84,
    localSize: 28,
    localCrops: 3,
    weights: { dino: 1, ibot: 1, koleo: 0.1 },
    centering: 'centering',
    studentTemperature: 0.1,
    teacher: undefined,
    maskedRows: maskUpperBound(masks),
    dropPath,
    recompute: false,
    attention: 'fused',
    precision: 'float32',
  }
}

const groups = [new Float32Array(2 * batch * 36 * 588), new Float32Array(3 * batch * 4 * 588)]
const feedsAt = (step: number, dropPath: DropPath = { rate: 0, uniform: false, kind: 'per-sample' }) => stepFeeds(specOf(dropPath), masks, groups, { seed: 5, step, micro: 0 })

describe('the masked positions of a step', () => {
  it('are padded with other patches that are not masked and do not count', () => {
    for (let step = 0; step < 20; step++) {
      const feeds = feedsAt(step)
      const positions = Array.from(feeds['masked.indices']!.data as BigInt64Array, Number)
      const hidden = feeds['masks']!.data as Uint8Array
      const counted = Array.from(feeds['masked.counted']!.data as Float32Array)
      const weights = Array.from(feeds['masked.weights']!.data as Float32Array)
      expect(new Set(positions).size).toBe(positions.length)
      expect(positions.map((position) => hidden[position])).toEqual(counted)
      expect(weights.map((weight) => (weight > 0 ? 1 : 0))).toEqual(counted)
      // Of each of the crops that have masks, the weights are 1 together.
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(batch, 5)
    }
  })
})

describe('stochastic depth', () => {
  it('of a fixed number keeps exactly so many different pictures of each group, whole, and none is left out of the first block', () => {
    const spec = specOf({ rate: 0.4, uniform: false, kind: 'batch-subset' })
    const feeds = feedsAt(3, spec.dropPath)
    const rates = [0, 0.4 / 3, 0.8 / 3, 0.4]
    const kept = rates.map((rate, block) => {
      const fed = feeds[`kept.${block}`]
      if (fed === undefined) return undefined
      const rows = Array.from(fed.data as BigInt64Array, Number)
      const half = rows.length / 2
      return [rows.slice(0, half), rows.slice(half)].map((branch) => {
        let [at, start] = [0, 0]
        return studentGroups(spec).map(({ batch: pictures, tokens }) => {
          const own = branch.slice(at, (at += keptCount(pictures, rate) * tokens))
          const chosen = [...new Set(own.map((row) => Math.floor((row - start) / tokens)))]
          const whole = chosen.flatMap((picture) => Array.from({ length: tokens }, (_, token) => start + picture * tokens + token))
          expect(own).toEqual(whole)
          start += pictures * tokens
          return chosen.length
        })
      })
    })
    expect(kept).toEqual([undefined, [[6, 10], [6, 10]], [[5, 8], [5, 8]], [[4, 7], [4, 7]]])
  })

  it('of each picture leaves out about as many as the rate says, and scales the others so that the mean stays', () => {
    const rate = 0.3
    const spec = specOf({ rate, uniform: true, kind: 'per-sample' })
    const scales: number[] = []
    for (let step = 0; step < 200; step++) {
      const feeds = feedsAt(step, spec.dropPath)
      for (let block = 0; block < 4; block++) {
        const data = feeds[`kept.${block}`]!.data as Float32Array
        let at = 0
        for (let branch = 0; branch < 2; branch++)
          for (const { batch: pictures, tokens } of studentGroups(spec))
            for (let picture = 0; picture < pictures; picture++, at += tokens) {
              expect(new Set(data.subarray(at, at + tokens)).size).toBe(1)
              scales.push(data[at]!)
            }
        expect(at).toBe(data.length)
      }
    }
    expect([...new Set(scales)].sort()).toEqual([0, Math.fround(1 / (1 - rate))])
    const mean = scales.reduce((sum, scale) => sum + scale, 0) / scales.length
    const deviation = Math.sqrt(rate / (1 - rate) / scales.length)
    expect(Math.abs(mean - 1) / deviation).toBeLessThan(4)
  })
})
