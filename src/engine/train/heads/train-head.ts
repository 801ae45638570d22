/** @file Training a linear head on frozen patch tokens: AdamW along a cosine, measured on pictures that it does not learn from. */
import type { RowProducts } from '../../inference'
import { adamWFactors, cosineSchedule, cosineValue } from '../../optim'
import type { Runtime } from '../../runtime'
import { randomStreamAt, type Tensor } from '../../tensor'
import { headStep, rates } from './head-step'
import { measureClasses, measureDepth } from './head-metrics'
import { fitWhitening, unwhitened, whitened } from './whiten'

/** Tokens and what they should give. */
export interface HeadData {
  /** float32 [count, dim]. */
  readonly tokens: Float32Array
  /** Metres, or numbers of classes; float32 [count]. */
  readonly targets: Float32Array
}

export interface TrainLinearOptions {
  readonly kind: 'depth' | 'classes'
  readonly dim: number
  /** Number of classes; 1 for depth. */
  readonly outputs: number
  readonly epochs: number
  readonly seed: number
  readonly runtime: Runtime
  readonly products: RowProducts
  readonly signal: AbortSignal
  readonly onMeasured: (step: number, loss: number, metrics: Readonly<Record<string, number>>) => void
  readonly onStep: (steps: number) => void
}

export interface LinearHead {
  /** float32 [outputs, dim] and [outputs]. */
  readonly weight: Float32Array
  readonly bias: Float32Array
  readonly steps: number
  readonly metrics: Readonly<Record<string, number>>
}

/** Of features of unit spread and targets likewise. */
const learningRate = 0.05
const largestBatch = 1024
const smallestBatch = 16
/** Steps of an epoch that few examples are divided into. */
const leastSteps = 20
const warmup = 10
/** Times that is measured while training. */
const measurements = 20

export function headBatch(count: number): { readonly batch: number; readonly steps: number } {
  const batch = Math.min(count, largestBatch, Math.max(smallestBatch, Math.ceil(count / leastSteps)))
  return { batch, steps: Math.max(1, Math.floor(count / batch)) }
}

/** Mean and spread of depths, by which targets are standardised; classes stay. */
function standardOf(kind: 'depth' | 'classes', targets: Float32Array): { readonly middle: number; readonly spread: number } {
  if (kind === 'classes') return { middle: 0, spread: 1 }
  const middle = targets.reduce((sum, value) => sum + value, 0) / targets.length
  const variance = targets.reduce((sum, value) => sum + (value - middle) ** 2, 0) / targets.length
  return { middle, spread: variance > 0 ? Math.sqrt(variance) : 1 }
}

function shuffled(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  const stream = randomStreamAt(seed, 'order', epoch, 0, 0)
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(stream.uniform() * (index + 1))
    ;[order[index], order[other]] = [order[other]!, order[index]!]
  }
  return order
}

const float32 = (shape: readonly number[], data: Float32Array): Tensor => ({ dtype: 'float32', shape, data })

/** @throws EngineError RUNTIME; the signal's reason */
export async function trainLinearHead(training: HeadData, validation: HeadData, options: TrainLinearOptions): Promise<LinearHead> {
  const { kind, dim, outputs, epochs, seed, runtime, products, signal, onMeasured, onStep } = options
  const count = training.targets.length
  const whitening = await fitWhitening(training.tokens, dim, products)
  const tokens = await whitened(training.tokens, whitening, products)
  const held = await whitened(validation.tokens, whitening, products)
  const { middle, spread } = standardOf(kind, training.targets)
  const { batch, steps } = headBatch(count)
  const total = steps * epochs
  const schedule = cosineSchedule(learningRate, 0, total, Math.min(warmup, Math.floor(total / 4)), 0)
  let state: Record<string, Tensor> = {}
  for (const [name, shape] of [['weight', [outputs, dim]], ['bias', [outputs]]] as const)
    for (const part of ['', '_first', '_second']) state[name + part] = float32(shape, new Float32Array(shape.reduce((product: number, edge) => product * edge, 1)))

  const measure = async (): Promise<Readonly<Record<string, number>>> => {
    if (validation.targets.length === 0) return {}
    const bias = state.bias!.data as Float32Array
    const found = await products(held, state.weight!.data as Float32Array, dim)
    for (let index = 0; index < found.length; index++) found[index] = (found[index]! + bias[index % outputs]!) * spread + middle
    return kind === 'depth' ? measureDepth(found, validation.targets) : measureClasses(found, validation.targets, outputs)
  }
  const session = await runtime.open(headStep(kind, batch, dim, outputs))
  let metrics: Readonly<Record<string, number>> = {}
  try {
    let step = 0
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(count, seed, epoch)
      for (let part = 0; part < steps; part++) {
        await new Promise(setImmediate)
        signal.throwIfAborted()
        const feed = new Float32Array(batch * dim)
        const targets = new Float32Array(batch * outputs)
        for (let row = 0; row < batch; row++) {
          const from = order[part * batch + row]!
          feed.set(tokens.subarray(from * dim, (from + 1) * dim), row * dim)
          if (kind === 'depth') targets[row] = (training.targets[from]! - middle) / spread
          else targets[row * outputs + training.targets[from]!] = 1
        }
        const factors = adamWFactors({ ...rates, lr: cosineValue(schedule, step), weightDecay: 0, epsilon: 1e-8 }, step + 1)
        const scalars = Object.fromEntries(Object.entries({ gradientScale: 1, ...factors }).map(([name, value]) => [name, float32([], Float32Array.of(value))]))
        const { loss, ...next } = await session.run({ ...state, ...scalars, tokens: float32([batch, dim], feed), targets: float32([batch, outputs], targets) })
        state = Object.fromEntries(Object.entries(next).map(([name, value]) => [name.replace('next_', ''), value]))
        step++
        onStep(1)
        if (step === total || step % Math.max(1, Math.floor(total / measurements)) === 0) {
          metrics = await measure()
          onMeasured(step, (loss!.data as Float32Array)[0]! * spread ** 2, metrics)
        }
      }
    }
  } finally {
    await session.release()
  }
  const { weight, bias } = unwhitened(state.weight!.data as Float32Array, state.bias!.data as Float32Array, whitening)
  return { weight: weight.map((value) => value * spread), bias: bias.map((value) => value * spread + middle), steps: total, metrics }
}
