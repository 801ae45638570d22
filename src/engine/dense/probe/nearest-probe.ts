/** @file The weighted vote of the nearest examples. Source: dino/eval_knn.py: exp(cosine / 0.07). */
import type { ProbeExamples, ProbeScore } from './examples'
import { foldsOf } from './folds'

const temperature = 0.07
const mostNeighbours = 20
/** Examples voted for before the event loop turns. */
const queriesAtOnce = 128

/**
 * The class with the most votes among the nearest, and its share of them.
 * @param cosines of one query with all examples, float32 [examples]
 * @param use which examples count
 */
export function nearestVote(cosines: Float32Array, labels: Int32Array, classes: number, use?: (example: number) => boolean): { readonly label: number; readonly share: number } {
  const nearest: number[] = []
  for (let example = 0; example < cosines.length; example++) {
    if (use?.(example) === false) continue
    if (nearest.length === mostNeighbours && cosines[example]! <= cosines[nearest.at(-1)!]!) continue
    let at = nearest.length
    while (at > 0 && cosines[nearest[at - 1]!]! < cosines[example]!) at--
    nearest.splice(at, 0, example)
    if (nearest.length > mostNeighbours) nearest.pop()
  }
  const votes = new Float64Array(classes)
  // Relative to the nearest, which leaves the shares as they are.
  for (const example of nearest) votes[labels[example]!]! += Math.exp((cosines[example]! - cosines[nearest[0]!]!) / temperature)
  const label = votes.indexOf(Math.max(...votes))
  return { label, share: votes[label]! / votes.reduce((sum, vote) => sum + vote, 0) }
}

/** How the examples of each fold would be voted for by the others. @param cosines float32 [examples, examples] */
export async function nearestScore({ labels, groups, classes }: Omit<ProbeExamples, 'vectors' | 'dim'>, cosines: Float32Array): Promise<ProbeScore | undefined> {
  const folds = foldsOf(labels, groups, classes)
  if (folds === undefined) return undefined
  const { foldOf } = folds
  const predicted = new Int32Array(labels.length)
  for (let example = 0; example < labels.length; example++) {
    if (example % queriesAtOnce === queriesAtOnce - 1) await new Promise(setImmediate)
    const own = cosines.subarray(example * labels.length, (example + 1) * labels.length)
    predicted[example] = nearestVote(own, labels, classes, (other) => foldOf[other] !== foldOf[example]).label
  }
  return { folds: folds.folds, truth: labels, predicted }
}
