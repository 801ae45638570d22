import { describe, expect, it } from 'vitest'
import { buildModel, input } from '../../../src/engine/graph'
import { adamW, adamWFactors, movingAverage } from '../../../src/engine/optim'
import { openSession } from '../../../src/engine/runtime/session'
import { runGraph } from '../../helpers/run-graph'
import { float32, maxDifference, noise } from '../../helpers/tensors'

const size = 9
const rates = { beta1: 0.9, beta2: 0.999 }

interface Settings {
  readonly weightDecay: number
  readonly epsilon: number
  /** What gradients are multiplied by. */
  readonly scale: number
  readonly beta1?: number
  readonly beta2?: number
}

/** A rate that changes with every step, as schedules have it. */
const lrAt = (step: number): number => 0.02 * (1 + Math.sin(step / 5))
const gradientAt = (step: number): Float32Array => noise([size], 100 + step).data.map((value, index) => value * 10 ** (index - 4))

/** torch.optim.AdamW line by line, in double precision. */
function naive(start: Float32Array, steps: number, { weightDecay, epsilon, scale, beta1 = 0.9, beta2 = 0.999 }: Settings): number[] {
  const parameter = Array.from(start)
  const first = new Array<number>(size).fill(0)
  const second = new Array<number>(size).fill(0)
  for (let count = 1; count <= steps; count++) {
    const lr = lrAt(count)
    gradientAt(count).forEach((raw, index) => {
      const gradient = raw * scale
      parameter[index]! *= 1 - lr * weightDecay
      first[index] = beta1 * first[index]! + (1 - beta1) * gradient
      second[index] = beta2 * second[index]! + (1 - beta2) * gradient ** 2
      const denominator = Math.sqrt(second[index]) / Math.sqrt(1 - beta2 ** count) + epsilon
      parameter[index]! -= ((lr / (1 - beta1 ** count)) * first[index]) / denominator
    })
  }
  return parameter
}

async function updated(start: Float32Array, steps: number, { weightDecay, epsilon, scale, beta1 = 0.9, beta2 = 0.999 }: Settings): Promise<Float32Array> {
  const vector = (name: string) => input(name, 'float32', [size])
  const factor = (name: string) => input(name, 'float32', [])
  const factors = { gradientScale: factor('gradientScale'), decay: factor('decay'), stepSize: factor('stepSize'), epsilon: factor('epsilon') }
  const next = adamW({ parameter: vector('parameter'), first: vector('first'), second: vector('second') }, vector('gradient'), { beta1, beta2 }, factors)
  const session = await openSession(buildModel('adamw', { next: next.parameter, first1: next.first, second1: next.second }, () => new Uint8Array()), { provider: 'cpu', threads: 1 })
  try {
    let state = { parameter: float32([size], Array.from(start)), first: float32([size], new Array<number>(size).fill(0)), second: float32([size], new Array<number>(size).fill(0)) }
    for (let count = 1; count <= steps; count++) {
      const { decay, stepSize, epsilon: corrected } = adamWFactors({ beta1, beta2, lr: lrAt(count), weightDecay, epsilon }, count)
      const single = (value: number) => float32([], [value])
      const results = await session.run({
        ...state,
        gradient: float32([size], Array.from(gradientAt(count))),
        gradientScale: single(scale),
        decay: single(decay),
        stepSize: single(stepSize),
        epsilon: single(corrected),
      })
      const of = (name: string) => float32([size], Array.from(results[name]!.data as Float32Array))
      state = { parameter: of('next'), first: of('first1'), second: of('second1') }
    }
    return state.parameter.data
  } finally {
    await session.release()
  }
}

describe('AdamW', () => {
  it.each([
    ['plain', { weightDecay: 0, epsilon: 1e-8, scale: 1 }],
    ['with weight decay', { weightDecay: 0.4, epsilon: 1e-8, scale: 1 }],
    ['where ε is larger than most gradients', { weightDecay: 0.04, epsilon: 0.1, scale: 1 }],
    ['with gradients scaled down', { weightDecay: 0.04, epsilon: 1e-3, scale: 0.01 }],
    ['with other moments', { weightDecay: 0.1, epsilon: 1e-8, scale: 1, beta1: 0.5, beta2: 0.95 }],
  ] as const)('goes where torch.optim.AdamW goes in 100 steps: %s', async (_what, settings) => {
    const start = noise([size], 1).data
    expect(maxDifference(await updated(start, 100, settings), naive(start, 100, settings))).toBeLessThan(2e-5)
  })

  it('takes a first step of the length of the rate, whatever the gradient’s', async () => {
    const start = new Float32Array(size)
    const found = await updated(start, 1, { weightDecay: 0.4, epsilon: 1e-12, scale: 1 })
    expect(maxDifference(found, Array.from(gradientAt(1), (value) => -Math.sign(value) * lrAt(1)))).toBeLessThan(1e-6)
  })

  it('with a rate of 0 leaves weights alone and gathers moments', () => {
    expect(adamWFactors({ ...rates, lr: 0, weightDecay: 0.4, epsilon: 1e-8 }, 1)).toEqual({ decay: 1, stepSize: 0, epsilon: 1e-8 * Math.sqrt(1 - 0.999) })
  })
})

describe('the moving average', () => {
  it('is that of a plain loop over many steps', async () => {
    let average = float32([5], [1, 2, 3, 4, 5])
    let expected = Array.from(average.data)
    const next = movingAverage(input('average', 'float32', [5]), input('value', 'float32', [5]), input('momentum', 'float32', []), input('complement', 'float32', []))
    for (let step = 0; step < 20; step++) {
      const momentum = 0.9 + step / 200
      const value = noise([5], step)
      const results = await runGraph({ next }, { average, value, momentum: float32([], [momentum]), complement: float32([], [1 - momentum]) })
      average = float32([5], Array.from(results['next']!.data as Float32Array))
      expected = expected.map((before, index) => momentum * before + (1 - momentum) * value.data[index]!)
    }
    expect(maxDifference(average.data, expected)).toBeLessThan(1e-6)
  })
})
