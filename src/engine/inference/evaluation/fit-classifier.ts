/** @file A linear classifier fitted to many rows: multinomial logistic regression with a ridge, its loss and slopes by the runtime. */
import { EngineError } from '../../contract'
import { minimise } from '../../optim'
import type { Runtime, Session } from '../../runtime'
import type { Tensor } from '../../tensor'
import { logisticStep } from './logistic-step'

/** Rows whose classes are known. */
export interface ClassifierRows {
  /** float32 `[rows, dim]`. */
  readonly features: Float32Array
  /** Class of each row, int32 `[rows]`. */
  readonly labels: Int32Array
}

export interface Classifier {
  /** float64 `[classes, dim + 1]`, the last column the bias. */
  readonly weights: Float64Array
  readonly iterations: number
}

export interface Fitter {
  /**
   * Minimises mean cross-entropy + |weights|² / (2 · C · rows), the biases left free, as scikit-learn and cuML define C.
   * @param start weights to begin at, `[classes, dim + 1]`; zeros where it is left out
   * @throws EngineError RUNTIME; the signal's reason
   */
  fit(rows: ClassifierRows, C: number, signal: AbortSignal | undefined, start?: Float64Array): Promise<Classifier>
  release(): Promise<void>
}

/** Source: dinov2/eval/log_regression.py, DEFAULT_MAX_ITER is 1000; the slopes are told in single precision here, which ends it sooner. */
const maxIterations = 1000
/** Of the largest slope at weights of 0: what is left then changes no third digit of a probability. */
const tolerance = 1e-4
/** Losses come in single precision and are summed in double. */
const precision = 1e-8
/** Numbers of the targets of a block of rows: 16 MiB. */
const blockNumbers = 2 ** 22
const largestBlock = 8192

const matrix = (data: Float32Array, columns: number): Tensor => ({ dtype: 'float32', shape: [data.length / columns, columns], data })

/** Loss and slopes of some rows, summed in double precision over blocks of them. */
async function sumOver(session: Session, { features, labels }: ClassifierRows, dim: number, classes: number, weights: Float64Array, slopes: Float64Array, signal: AbortSignal | undefined): Promise<number> {
  const [weight, bias] = [new Float32Array(classes * dim), new Float32Array(classes)]
  for (let label = 0; label < classes; label++) {
    const row = label * (dim + 1)
    weight.set(weights.subarray(row, row + dim), label * dim)
    bias[label] = weights[row + dim]!
  }
  const block = Math.max(1, Math.min(largestBlock, Math.floor(blockNumbers / classes)))
  let loss = 0
  for (let first = 0; first < labels.length; first += block) {
    if (first > 0) await new Promise(setImmediate)
    signal?.throwIfAborted()
    const some = labels.subarray(first, first + block)
    const targets = new Float32Array(some.length * classes)
    some.forEach((label, row) => { targets[row * classes + label] = 1 })
    const found = await session.run({
      features: matrix(features.subarray(first * dim, (first + some.length) * dim), dim),
      targets: matrix(targets, classes),
      weight: matrix(weight, dim),
      bias: { dtype: 'float32', shape: [classes], data: bias },
    })
    const [losses, byWeight, byBias] = ['losses', 'byWeight', 'byBias'].map((name) => found[name]!.data as Float32Array)
    for (const one of losses!) loss += one
    for (let label = 0; label < classes; label++) {
      const row = label * (dim + 1)
      for (let column = 0; column < dim; column++) slopes[row + column]! += byWeight![label * dim + column]!
      slopes[row + dim]! += byBias![label]!
    }
  }
  return loss
}

/** @throws EngineError RUNTIME */
export async function openFitter(runtime: Runtime, dim: number, classes: number): Promise<Fitter> {
  const session = await runtime.open(logisticStep(dim, classes))
  return {
    fit: async (rows, C, signal, start) => {
      const count = rows.labels.length
      if (rows.features.length !== count * dim) throw new EngineError('INTERNAL', `fit: ${rows.features.length} values are not ${count} rows of ${dim}`)
      const ridge = 1 / (C * count)
      const objective = async (weights: Float64Array, slopes: Float64Array): Promise<number> => {
        let value = (await sumOver(session, rows, dim, classes, weights, slopes, signal)) / count
        for (let index = 0; index < weights.length; index++) {
          slopes[index]! /= count
          if (index % (dim + 1) === dim) continue
          value += (ridge / 2) * weights[index]! ** 2
          slopes[index]! += ridge * weights[index]!
        }
        return value
      }
      const zeros = new Float64Array(classes * (dim + 1))
      const steepest = new Float64Array(zeros.length)
      await objective(zeros, steepest)
      const largest = steepest.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0)
      const { at, iterations } = await minimise(objective, start ?? zeros, { maxIterations, tolerance: tolerance * largest, precision, signal })
      return { weights: at, iterations }
    },
    release: session.release,
  }
}
