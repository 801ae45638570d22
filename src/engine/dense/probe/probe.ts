/** @file What a few named examples say of all the rest: nearest examples, or a linear probe, with its accuracy by cross-validation. */
import type { ProbeAccuracy, ProbeMethod } from '../../contract'
import type { ProductOptions } from '../../collection'
import type { ProbeExamples, ProbeScore } from './examples'
import { fitLinearProbe } from './linear-probe'
import { nearestScore, nearestVote } from './nearest-probe'

export interface Probed {
  /** int32 [vectors] */
  readonly labels: Int32Array
  /** 0..1, float32 [vectors]. */
  readonly confidence: Float32Array
}

export interface Probe {
  readonly method: ProbeMethod
  readonly accuracy: ProbeAccuracy
  /** Of `linear` only: scores = vectors · weightᵀ + bias. float32 [classes, dim], [classes]. */
  readonly linear: { readonly weight: Float32Array; readonly bias: Float32Array } | undefined
  /** @param vectors float32 [count, dim], at unit length. @throws the signal's reason */
  apply(vectors: Float32Array, options: ProductOptions): Promise<Probed>
}

function accuracyOf(score: ProbeScore | undefined, { labels, classes }: ProbeExamples): ProbeAccuracy {
  const present = [...Array(classes).keys()].filter((label) => labels.includes(label))
  if (score === undefined) return { folds: 0, examples: labels.length, accuracy: undefined, perClass: present.map((label) => ({ label, right: 0, of: 0 })) }
  const { folds, truth, predicted } = score
  const perClass = present.map((label) => ({
    label,
    right: truth.reduce((sum, own, index) => sum + Number(own === label && predicted[index] === label), 0),
    of: truth.reduce((sum, own) => sum + Number(own === label), 0),
  }))
  return { folds, examples: labels.length, accuracy: perClass.reduce((sum, { right }) => sum + right, 0) / truth.length, perClass }
}

/** Queries compared before the event loop turns, of so many numbers. */
const numbersAtOnce = 2 ** 20

async function eachQuery(products: Float32Array, width: number, signal: AbortSignal, take: (row: Float32Array, query: number) => void): Promise<void> {
  const count = products.length / width
  const atOnce = Math.max(1, Math.floor(numbersAtOnce / 4 / width))
  for (let query = 0; query < count; query++) {
    if (query % atOnce === atOnce - 1) {
      await new Promise(setImmediate)
      signal.throwIfAborted()
    }
    take(products.subarray(query * width, (query + 1) * width), query)
  }
}

/** @throws the signal's reason */
export async function fitProbe(examples: ProbeExamples, method: ProbeMethod, options: ProductOptions): Promise<Probe> {
  const { vectors: known, dim, labels: knownLabels, classes } = examples
  if (method === 'knn') {
    const score = await nearestScore(examples, await options.products(known, known, dim))
    return {
      method,
      accuracy: accuracyOf(score, examples),
      linear: undefined,
      apply: async (vectors, { products, signal }) => {
        const probed = { labels: new Int32Array(vectors.length / dim), confidence: new Float32Array(vectors.length / dim) }
        await eachQuery(await products(vectors, known, dim), knownLabels.length, signal, (row, query) => {
          const { label, share } = nearestVote(row, knownLabels, classes)
          probed.labels[query] = label
          probed.confidence[query] = share
        })
        return probed
      },
    }
  }
  const { weight, bias, score } = await fitLinearProbe(examples, options.signal)
  return {
    method,
    accuracy: accuracyOf(score, examples),
    linear: { weight, bias },
    apply: async (vectors, { products, signal }) => {
      const probed = { labels: new Int32Array(vectors.length / dim), confidence: new Float32Array(vectors.length / dim) }
      await eachQuery(await products(vectors, weight, dim), classes, signal, (row, query) => {
        let best = 0
        for (let label = 0; label < classes; label++) {
          row[label]! += bias[label]!
          if (row[label]! > row[best]!) best = label
        }
        let sum = 0
        for (let label = 0; label < classes; label++) sum += Math.exp(row[label]! - row[best]!)
        probed.labels[query] = best
        probed.confidence[query] = 1 / sum
      })
      return probed
    },
  }
}
