/** @file How far two steppers are apart: in their numbers, and in every weight and moment. */
import type { Tensor } from '../../src/engine/tensor'
import type { StepResult, TrainingState } from '../../src/engine/train/step'
import { maxDifference } from './tensors'

/**
 * The largest difference of each role's weights and of the centres. Of the key part of the qkv bias, which has no true
 * gradient, Adam makes what it likes of rounding noise: it is told apart.
 */
export function stateDifferences(actual: TrainingState, expected: TrainingState): Readonly<Record<'student' | 'teacher' | 'moments' | 'centres' | 'keys', number>> {
  const found = { student: 0, teacher: 0, moments: 0, centres: 0, keys: 0 }
  const take = (what: keyof typeof found, difference: number): void => { found[what] = Math.max(found[what], Number.isNaN(difference) ? Infinity : difference) }
  const compare = (what: 'student' | 'teacher' | 'moments', name: string, left: Float32Array, right: Float32Array): void => {
    if (!name.endsWith('attn.qkv.bias')) {
      take(what, maxDifference(left, right))
      return
    }
    const dim = left.length / 3
    for (const [part, target] of [[0, what], [1, 'keys'], [2, what]] as const) take(target, maxDifference(left.subarray(part * dim, (part + 1) * dim), right.subarray(part * dim, (part + 1) * dim)))
  }
  for (const [role, what] of [['student', 'student'], ['teacher', 'teacher'], ['first', 'moments'], ['second', 'moments']] as const)
    for (const [name, { data }] of actual[role].tensors) compare(what, name, data, expected[role].tensors.get(name)!.data)
  for (const centre of ['centre', 'centreIbot'] as const) {
    const [left, right]: readonly (Tensor<'float32'> | undefined)[] = [actual[centre], expected[centre]]
    if (left !== undefined && right !== undefined) take('centres', maxDifference(left.data, right.data))
  }
  return found
}

/** The largest difference of a step's metrics, relative to those above 1. */
export function metricDifference({ metrics: actual }: StepResult, { metrics: expected }: StepResult): number {
  if (Object.keys(actual).join() !== Object.keys(expected).join()) return Infinity
  return Math.max(...Object.entries(expected).map(([name, value]) => Math.abs(value - actual[name]!) / Math.max(1, Math.abs(value))))
}
